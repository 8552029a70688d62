import { describe, expect, it, vi } from 'vitest';

import { logLine } from '~/test/log-fixtures';

import { find, LogBuffer, placeOf } from './buffer';

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => logLine(from + index));

describe('LogBuffer', () => {
  it('leaves out lines that it has: a read may overlap the one before', () => {
    const buffer = new LogBuffer();
    buffer.append(lines(1, 5));
    buffer.append(lines(3, 8));
    expect(buffer.lines.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(buffer.last).toBe(8);
  });

  it('tells a job’s lines from those of its image’s build', () => {
    const buffer = new LogBuffer();
    buffer.append([logLine(1, { service: 'migrate' })]);
    buffer.append([logLine(2, { service: 'migrate', source: 'job' })]);
    expect(buffer.lines.map(({ service }) => service)).toEqual(['migrate', 'migrate (job)']);
  });

  it('tells once a part, and not for a part with nothing new', () => {
    const buffer = new LogBuffer();
    const tell = vi.fn<() => void>();
    buffer.watch(tell);
    buffer.append(lines(1, 500));
    buffer.append(lines(1, 500));
    buffer.append([]);
    expect(tell).toHaveBeenCalledOnce();
    expect(buffer.version()).toBe(1);
  });

  it('drops the oldest lines beyond its cap and counts them', () => {
    const buffer = new LogBuffer(100);
    buffer.append(lines(1, 100));
    buffer.append(lines(101, 101));
    expect(buffer.lines.length).toBeLessThanOrEqual(100);
    expect(buffer.last).toBe(101);
    expect(buffer.dropped + buffer.lines.length).toBe(101);
  });

  it('takes 100,000 lines without trouble', () => {
    const buffer = new LogBuffer();
    for (let from = 1; from < 100_000; from += 2_000) buffer.append(lines(from, from + 1_999));
    expect(buffer.lines).toHaveLength(100_000);
  });
});

describe('find', () => {
  const some = [
    logLine(1, { service: 'web', line: 'Compiling' }),
    logLine(2, { service: 'api', line: 'compiled' }),
    logLine(3, { service: 'web', line: 'done' }),
  ];

  it('finds in either case, in all services or one', () => {
    expect(find(some, 'COMPIL', '')).toEqual([0, 1]);
    expect(find(some, 'compil', 'web')).toEqual([0]);
    expect(find(some, '', 'web')).toEqual([0, 2]);
    expect(find(some, '', '')).toBeNull();
  });
});

describe('placeOf', () => {
  const some = lines(1, 9).filter(({ id }) => id !== 4);

  it('finds a line among all, and among those that are shown', () => {
    expect([1, 5, 9].map((id) => placeOf(some, null, id))).toEqual([0, 3, 7]);
    expect(placeOf(some, [0, 3, 7], 9)).toBe(2);
  });

  it('finds no line that is not there, or left out', () => {
    expect([0, 4, 10].map((id) => placeOf(some, null, id))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(placeOf(some, [0, 7], 5)).toBeUndefined();
    expect(placeOf([], null, 1)).toBeUndefined();
  });
});
