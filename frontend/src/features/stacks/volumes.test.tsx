import { render } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import type { Volumes } from '~/api/schema.gen';

import { FateOfVolumes } from './volumes';

const said = (volumes: Volumes) =>
  render(<FateOfVolumes volumes={volumes} />).container.textContent;

describe('what becomes of volumes', () => {
  it('is said before a stack is removed', () => {
    expect(said({ policy: 'keep', days: null })).toBe(
      'Its volumes stay on their nodes, with their data.',
    );
    expect(said({ policy: 'with_stack', days: null })).toContain('Nothing brings the data back.');
    expect(said({ policy: 'after_days', days: 7 })).toContain('deleted 7 days later');
  });
});
