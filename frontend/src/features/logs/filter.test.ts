import { describe, expect, it } from 'vitest';

import { containerLine, containerLines } from '~/test/line-fixtures';

import {
  asked,
  fromField,
  isWithin,
  matcher,
  readBuildLogSearch,
  readSearch,
  toField,
} from './filter';

describe('readSearch', () => {
  it('takes what the page writes', () => {
    expect(
      readSearch({
        service: 'api,web',
        q: '42',
        level: 'warn',
        since: '1h',
        at: '991',
        wrap: 'true',
      }),
    ).toEqual({
      service: 'api,web',
      q: '42',
      level: 'warn',
      since: '1h',
      until: undefined,
      at: '991',
      wrap: true,
    });
  });

  it('takes a service named twice, and a number for the text it was', () => {
    const { service, q } = readSearch({ service: ['api', 'web'], q: 500 });
    expect([service, q]).toEqual(['api,web', '500']);
  });

  it.each([
    ['a level that is none', { level: 'loud' }],
    ['a time that is none', { since: 'yesterday', until: '1h' }],
    ['things that are no text', { service: {}, q: [], at: null, wrap: 'no' }],
  ])('leaves out %s', (_, search) => {
    expect(Object.values(readSearch(search)).filter((value) => value !== undefined)).toEqual([]);
  });
});

describe('readBuildLogSearch', () => {
  it('takes what the page writes, and that lines do not wrap', () => {
    const search = { q: 'warn', service: 'migrate (job)', at: '42', wrap: 'false' };
    expect(readBuildLogSearch(search)).toEqual({ ...search, wrap: false });
    expect(readBuildLogSearch({ at: 42, wrap: true })).toMatchObject({ at: '42', wrap: true });
  });

  it('leaves out what is none', () => {
    const search = readBuildLogSearch({ q: [], service: {}, at: '1; 2', wrap: 'no' });
    expect(Object.values(search).filter((value) => value !== undefined)).toEqual([]);
  });
});

describe('matcher', () => {
  const lines = containerLines(0, 13);
  const found = (search: Parameters<typeof asked>[0]) =>
    lines.filter(matcher(asked(search, 0))).map(({ id }) => Number(id));

  it('looks for text in either case', () => {
    expect(found({ q: 'ECONNrefused' })).toEqual([11]);
  });

  it('shows a level and what is worse; a line without one informs', () => {
    expect(found({ level: 'error' })).toEqual([11]);
    expect(found({ level: 'warn' })).toEqual([7, 11]);
    expect(found({ level: 'info' })).not.toContain(5);
    expect(found({ level: 'info' })).toContain(4);
  });

  it('shows some services, within a time', () => {
    expect(found({ service: 'store,worker', until: containerLine(6).at })).toEqual([3, 4]);
    expect(found({ service: 'store', since: containerLine(5).at })).toEqual([10]);
  });
});

describe('isWithin', () => {
  it('knows a narrower filter from a wider one', () => {
    expect(isWithin({ q: 'Error in' }, { q: 'error' })).toBe(true);
    expect(isWithin({ q: 'err' }, { q: 'error' })).toBe(false);
    expect(isWithin({ service: 'web' }, {})).toBe(true);
    expect(isWithin({}, { service: 'web' })).toBe(false);
    expect(isWithin({ service: 'web' }, { service: 'api,web' })).toBe(true);
    expect(isWithin({ level: 'error' }, { level: 'warn' })).toBe(true);
    expect(isWithin({}, { level: 'warn' })).toBe(false);
    expect(isWithin({ since: '1h' }, { since: '24h' })).toBe(false);
  });
});

describe('a field for a time', () => {
  it('gives back what it was given', () => {
    const at = '2026-11-27T08:15:09.000Z';
    expect(fromField(toField(at))).toBe(at);
    expect(toField(undefined)).toBe('');
    expect(fromField('')).toBeUndefined();
  });
});
