import { describe, expect, it, test } from 'vitest';

import { deployment, phases } from '~/test/fixtures';

import { momentOf, phaseState, statusOf, waitsFor } from './words';

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

test('what is waited for is a sentence, with one full stop', () => {
  expect(waitsFor('its environment is protected')).toBe('Its environment is protected.');
  expect(waitsFor('its environment is frozen: it is late.')).toBe(
    'Its environment is frozen: it is late.',
  );
});

test('a phase is pending while the deployment goes on, and not reached once it is over', () => {
  expect(phaseState('pending', false)).toEqual({ look: 'pending', word: 'pending' });
  expect(phaseState('pending', true)).toEqual({ look: 'stopped', word: 'not reached' });
  expect(phaseState('failed', true)).toEqual({ look: 'failed', word: 'failed' });
});
