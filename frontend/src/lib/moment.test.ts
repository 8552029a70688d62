import { describe, expect, it, test } from 'vitest';

import { moment, since } from './moment';

describe('since', () => {
  it('counts back from now, and writes a moment as the server does', () => {
    const now = Date.UTC(2026, 10, 27, 8);
    expect(since('15m', now)).toBe('2026-11-27T07:45:00.000Z');
    expect(since('7d', now)).toBe('2026-11-20T08:00:00.000Z');
    expect(since('2026-11-27T01:02:03Z', now)).toBe('2026-11-27T01:02:03.000Z');
    expect(since('2026-11-27', now)).toBe('2026-11-27T00:00:00.000Z');
    expect(since(undefined, now)).toBeUndefined();
  });
});

test('an address names a moment, or how far back; anything else is left out', () => {
  expect(moment('7d')).toBe('7d');
  expect(moment('2026-11-27T01:02:03Z')).toBe('2026-11-27T01:02:03Z');
  for (const wrong of ['yesterday', '7w', '', null, undefined]) {
    expect(moment(wrong)).toBeUndefined();
  }
});
