import { describe, expect, it } from 'vitest';

import { deployment, phases } from '~/test/fixtures';

import { momentOf } from './words';

describe('momentOf', () => {
  const start = Date.UTC(2026, 10, 27, 8);
  const failed = (done: number) =>
    momentOf(deployment({ number: 1, phase: 'failed', phases: phases(done, 'failed', start) }));

  it('is the minute round the failure of what ran', () => {
    const moment = failed(5);
    expect(Date.parse(moment?.at ?? '') - Date.parse(moment?.since ?? '')).toBe(60_000);
    expect(Date.parse(moment?.until ?? '') - Date.parse(moment?.at ?? '')).toBe(60_000);
  });

  it('is none where nothing ran, or nothing failed', () => {
    expect(failed(2)).toBeNull();
    expect(momentOf(deployment({ number: 1 }))).toBeNull();
  });
});
