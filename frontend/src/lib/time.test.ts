import { describe, expect, it } from 'vitest';

import { ago, between, duration, full, short } from './time';

const at = Date.parse('2026-11-21T12:00:00Z');
const before = (ms: number) => new Date(at - ms).toISOString();

describe('ago', () => {
  it.each([
    [0, 'just now'],
    [59_999, 'just now'],
    [60_000, '1m ago'],
    [59 * 60_000, '59m ago'],
    [60 * 60_000, '1h ago'],
    [24 * 3_600_000 - 1, '23h ago'],
    [24 * 3_600_000, '1d ago'],
    [400 * 24 * 3_600_000, '400d ago'],
  ])('%d ms is “%s”', (ms, words) => {
    expect(ago(before(ms), at)).toBe(words);
  });

  it('takes a server clock that runs ahead for now', () => {
    expect(ago(before(-5_000), at)).toBe('just now');
  });

  it('says nothing about what is no time', () => {
    expect(ago('soon', at)).toBe('');
  });
});

describe('duration', () => {
  it.each([
    [0, '0.0 s'],
    [180, '0.2 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1m'],
    [125_000, '2m 05s'],
    [3_600_000, '1h'],
    [3_725_000, '1h 02m'],
    [-20, '0.0 s'],
  ])('%d ms is “%s”', (ms, words) => {
    expect(duration(ms)).toBe(words);
  });
});

describe('between', () => {
  it('counts to the end, and to now while there is none', () => {
    expect(between(before(5_000), before(2_000), at)).toBe('3.0 s');
    expect(between(before(5_000), null, at)).toBe('5.0 s');
    expect(between(null, null, at)).toBeNull();
  });
});

describe('a date', () => {
  it('has its seconds only where it is looked up', () => {
    expect(full('2026-11-21T12:34:56Z')).toContain(':56');
    expect(short('2026-11-21T12:34:56Z')).toMatch(/\d:\d\d/);
    expect(short('2026-11-21T12:34:56Z')).not.toContain(':56');
  });
});
