import { describe, expect, it } from 'vitest';

import { containerLine, containerLines } from '~/test/line-fixtures';

import { even, guess, ROW, uneven, WRAPPED, wrappedBase } from './geometry';
import { compareIds, LineBuffer, sift } from './line-buffer';

const ids = (buffer: LineBuffer) => buffer.lines.map(({ id }) => Number(id));

describe('compareIds', () => {
  it('orders numbers that are longer than JavaScript’s', () => {
    const long = ['18446744073709551614', '9', '18446744073709551615', '10'];
    expect(long.toSorted(compareIds)).toEqual([
      '9',
      '10',
      '18446744073709551614',
      '18446744073709551615',
    ]);
  });
});

describe('LineBuffer', () => {
  it('grows at both ends, and leaves out what it has', () => {
    const buffer = new LineBuffer();
    buffer.replace(containerLines(10, 12));
    buffer.append(containerLines(11, 14));
    buffer.prepend(containerLines(7, 10));
    expect(ids(buffer)).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
    expect(buffer.appended).toBe(2);
  });

  it('drops the oldest lines where new ones come, and the newest where old ones come', () => {
    const buffer = new LineBuffer(100);
    buffer.replace(containerLines(1001, 1100));
    expect(buffer.append(containerLines(1101, 1101))).toBe(true);
    expect(ids(buffer).slice(0, 1)).toEqual([1012]);
    expect(buffer.last).toBe('1101');
    expect(buffer.prepend(containerLines(900, 1011))).toBe(true);
    expect(buffer.lines).toHaveLength(100);
    expect([buffer.first, buffer.last]).toEqual(['900', '999']);
  });

  it('finds a line by its id and by its time', () => {
    const buffer = new LineBuffer();
    buffer.replace(containerLines(1, 9).filter(({ id }) => id !== '5'));
    expect(buffer.find('6')).toBe(4);
    expect(buffer.find('5')).toBeUndefined();
    expect(buffer.place('5')).toBe(4);
    expect(buffer.findTime(Date.parse(containerLine(3).at) + 1)).toBe(2);
    expect(buffer.findTime(0)).toBe(0);
    expect(new LineBuffer().findTime(0)).toBeUndefined();
  });

  it('takes 100,000 lines, and keeps no more than its cap', () => {
    const buffer = new LineBuffer(50_000);
    for (let from = 0; from < 100_000; from += 2_000) {
      buffer.append(containerLines(1_000_000 + from, 1_001_999 + from));
    }
    expect(buffer.lines.length).toBeLessThanOrEqual(50_000);
    expect(buffer.last).toBe('1099999');
    expect(buffer.appended).toBe(100_000);
  });
});

describe('sift', () => {
  const lines = containerLines(0, 20_000);

  it('finds what passes, in order', async () => {
    const found = await sift(lines, ({ level }) => level === 'error', new AbortController().signal);
    expect(found?.length).toBe(1_428);
    expect(found?.[0]?.id).toBe('11');
  });

  it('gives up when nobody waits for it', async () => {
    const abort = new AbortController();
    abort.abort();
    expect(await sift(lines, () => true, abort.signal)).toBeNull();
  });
});

describe('the rows', () => {
  it('stand one below the other, each as high as it is', () => {
    const rows = uneven([20, 60, 20]);
    expect([0, 1, 2].map(rows.start)).toEqual([0, 20, 80]);
    expect([-5, 0, 19, 20, 79, 80, 500].map(rows.at)).toEqual([0, 0, 0, 1, 1, 2, 2]);
    expect(rows.total).toBe(100);
    expect([0, 19, 20, 999].map(even(3).at)).toEqual([0, 0, 1, 2]);
  });

  it('are guessed before they are measured', () => {
    expect([guess(0, 80), guess(80, 80), guess(81, 80)]).toEqual([ROW, ROW, 2 * ROW]);
  });

  it('are laid out round what is looked at, where lines wrap', () => {
    expect(wrappedBase(WRAPPED, 0, 0)).toBe(0);
    const end = wrappedBase(100_000, 99_999, 0);
    expect(end).toBeGreaterThan(100_000 - WRAPPED);
    expect(end).toBeLessThan(99_999);
    expect(wrappedBase(100_100, 100_099, end)).toBe(end);
    const back = wrappedBase(100_000, end + 100, end);
    expect(back).toBe(end + 100 - WRAPPED / 2);
    expect(wrappedBase(100_000, 0, back)).toBe(0);
  });
});
