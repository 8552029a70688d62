import { describe, expect, it } from 'vitest';

import { problem } from './client';
import { sortFaults } from './faults';

const FIELDS = ['name', 'refs'] as const;
const refused = (errors: unknown) =>
  problem(422, { title: 'Some fields are not right', detail: '2 fields', errors }, null);

describe('sortFaults', () => {
  it('gives each field its first complaint, wherever in the field it is', () => {
    const sorted = sortFaults(
      refused([
        { pointer: '/refs/1', detail: 'not a pattern' },
        { pointer: '/refs/0', detail: 'another' },
        { pointer: '#/name', detail: 'missing' },
      ]),
      FIELDS,
    );
    expect(sorted).toEqual({ fields: { refs: 'not a pattern', name: 'missing' }, rest: null });
  });

  it('loses no complaint that no field can show', () => {
    const sorted = sortFaults(refused([{ pointer: '/position', detail: 'too large' }]), FIELDS);
    expect(sorted).toEqual({ fields: {}, rest: 'too large' });
  });

  it('shows the message where no field is named', () => {
    expect(sortFaults(problem(403, { detail: 'Not allowed' }, null), FIELDS).rest).toBe(
      'Not allowed',
    );
    expect(sortFaults(new Error('boom'), FIELDS).rest).toBe('boom');
  });
});

describe('problem', () => {
  it('reads a problem document', () => {
    const error = problem(404, { title: 'Not found', detail: '', request_id: 'r1' }, 'r2');
    expect(error).toMatchObject({ message: 'Not found', status: 404, requestId: 'r1', faults: [] });
  });

  it('copes with an answer that is none', () => {
    const error = problem(502, '<html>', 'r2');
    expect(error).toMatchObject({ message: 'The server failed (502).', requestId: 'r2' });
    expect(problem(400, { errors: [null, { detail: 1 }, 'x'] }, null).faults).toEqual([]);
  });
});
