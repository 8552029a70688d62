import { expect, it } from 'vitest';

import { isNarrow, nothing } from './filter';

it('says in words what was looked for and not found', () => {
  expect(nothing({})).toBe('No events');
  expect(nothing({ kind: 'person', actor: 'Mira' })).toBe('No actions of people by Mira');
  expect(nothing({ kind: 'deployment', stack: 'shop', q: 'cart' })).toBe(
    'No deployments of shop with “cart” in them',
  );
});

it('is narrow only where something is asked for', () => {
  expect(isNarrow({ q: '', kind: undefined })).toBe(false);
  expect(isNarrow({ stack: 'shop' })).toBe(true);
});
