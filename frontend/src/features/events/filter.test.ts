import { expect, it } from 'vitest';

import { short } from '~/lib/time';

import { isNarrow, nothing, spanLabel } from './filter';

it('says in words what was looked for and not found', () => {
  expect(nothing({})).toBe('No events');
  expect(nothing({ kind: 'person', actor: 'Mira' })).toBe('No actions of people by Mira');
  expect(nothing({ kind: 'deployment', stack: 'shop', q: 'cart' })).toBe(
    'No deployments of shop with “cart” in them',
  );
  expect(nothing({ since: '24h' })).toBe('No events in the last 24 hours');
  const since = '2026-11-27T08:00:00Z';
  expect(nothing({ kind: 'delivery', since })).toBe(`No deliveries since ${short(since)}`);
});

it('is narrow only where something is asked for', () => {
  expect(isNarrow({ q: '', kind: undefined })).toBe(false);
  expect(isNarrow({ stack: 'shop' })).toBe(true);
  expect(isNarrow({ since: '1h' })).toBe(true);
});

it('has a label for every time that an address may name', () => {
  const since = '2026-11-27T08:00:00Z';
  expect(['7d', '3h', since].map(spanLabel)).toEqual([
    'Last 7 days',
    'Last 3h',
    `Since ${short(since)}`,
  ]);
});
