import { describe, expect, it, test } from 'vitest';

import type { PhaseState } from '~/api/schema.gen';
import { short } from '~/lib/time';
import { deployment, phases } from '~/test/fixtures';

import { momentOf, phaseName, phaseState, statusOf, waitsFor } from './words';

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

describe('statusOf', () => {
  it('says of one that is held up that it waits, and nothing turns', () => {
    expect(statusOf({ phase: 'rendered', waiting: 'Mira paused the stack' })).toEqual({
      look: 'paused',
      word: 'Waiting',
    });
    expect(statusOf({ phase: 'rendered', waiting: null })).toEqual({ look: 'deploying' });
  });

  it('says how one ended, whatever it waited for', () => {
    const waiting = 'its environment is protected';
    expect(statusOf({ phase: 'cancelled', waiting })).toEqual({ look: 'cancelled' });
  });
});

describe('waitsFor', () => {
  const frozen = { from: '2026-11-27T08:00:00Z', until: '2026-11-30T08:00:00Z', reason: 'Sale' };

  it('is a sentence, with one full stop', () => {
    expect(waitsFor({ waiting: 'its environment is protected', frozen: null })).toBe(
      'Its environment is protected.',
    );
    expect(waitsFor({ waiting: 'its environment is frozen: it is late.', frozen })).toBe(
      'Its environment is frozen: it is late.',
    );
  });

  it('says of what waits for somebody that it is frozen, too', () => {
    expect(waitsFor({ waiting: 'its environment is protected', frozen })).toBe(
      `Its environment is protected. Its environment is also frozen until ${short(frozen.until)}: Sale.`,
    );
  });
});

const stand = (state: PhaseState) => ({
  phase: 'converged' as const,
  state,
  started_at: state === 'pending' ? null : '2026-11-27T08:00:00Z',
});
/** How the server tells of one that had not begun when the deployment ended. */
const NEVER = { phase: 'converged', state: 'stopped', started_at: null } as const;

test('a phase is named as done once it is, and as its step before', () => {
  const named = (state: PhaseState, over: boolean) => phaseName(stand(state), over);
  expect(named('done', false)).toBe('Converged');
  expect(named('running', false)).toBe('Converging');
  expect(named('pending', false)).toBe('Converging');
  expect(named('failed', true)).toBe('Converging');
  // What never comes is not on its way.
  expect(named('pending', true)).toBe('Converged');
  expect(phaseName(NEVER, true)).toBe('Converged');
  expect(named('stopped', true)).toBe('Converging');
  expect(phaseName({ ...stand('pending'), phase: 'succeeded' }, false)).toBe('Finishing');
});

test('a phase is pending while the deployment goes on, and not reached once it is over', () => {
  expect(phaseState(stand('pending'), false)).toEqual({ look: 'pending', word: 'pending' });
  expect(phaseState(stand('pending'), true)).toEqual({ look: 'stopped', word: 'not reached' });
  expect(phaseState(NEVER, true)).toEqual({ look: 'stopped', word: 'not reached' });
  expect(phaseState(stand('stopped'), true)).toEqual({ look: 'stopped', word: 'stopped' });
  expect(phaseState(stand('failed'), true)).toEqual({ look: 'failed', word: 'failed' });
});
