import { describe, expect, it } from 'vitest';

import { ApiError } from '~/api/client';
import type { StackSettings } from '~/api/schema.gen';

import {
  consequences,
  isSame,
  newFreeze,
  sortSettingsFaults,
  stands,
  toForm,
  toLocal,
  toSettings,
} from './settings';

const NOW = Date.parse('2026-11-27T03:20:00Z');
const freeze = (from: string, until: string, reason = 'a fair') => ({ from, until, reason });
const calm: StackSettings = {
  on_failure: 'rollback',
  protected: false,
  freezes: [],
  drift: 'heal',
  volumes: { policy: 'keep', days: null },
};
const frozen: StackSettings = {
  ...calm,
  freezes: [freeze('2026-11-27T00:00:07Z', '2026-11-30T00:00:00Z')],
};

describe('the form of the settings', () => {
  it('gives back what it was read from, seconds included', () => {
    const form = toForm(frozen);
    expect(toSettings(form)).toEqual(frozen);
    expect(isSame(form, frozen)).toBe(true);
  });

  it('says times by the person’s clock and sends them in UTC', () => {
    const form = toForm(frozen);
    const later = new Date('2026-12-01T12:30:00Z');
    const [first] = form.freezes;
    if (!first) throw new Error('there is a freeze');
    const moved = { ...form, freezes: [{ ...first, until: toLocal(later.toISOString()) }] };
    expect(toSettings(moved).freezes[0]?.until).toBe('2026-12-01T12:30:00.000Z');
    expect(isSame(moved, frozen)).toBe(false);
  });

  it('says how many days volumes are kept, and leaves what is no number to the server', () => {
    const form = { ...toForm(calm), volumes: 'after_days' as const };
    expect(toSettings(form).volumes).toEqual({ policy: 'after_days', days: 30 });
    const wrong = toSettings({ ...form, volume_days: 'many' });
    expect(wrong.volumes).toEqual({ policy: 'after_days', days: 0 });
    expect(toForm(toSettings({ ...form, volume_days: '7' })).volume_days).toBe('7');
  });

  it('begins a new freeze with the next full hour, under a key of its own', () => {
    const form = toForm(frozen);
    const made = newFreeze(form, NOW);
    expect(made.key).toBe(1);
    expect(new Date(made.from).toISOString()).toBe('2026-11-27T04:00:00.000Z');
    expect(Date.parse(made.until) - Date.parse(made.from)).toBe(24 * 3_600_000);
  });

  it('leaves a time that is no time to the server', () => {
    const form = { ...toForm(calm), freezes: [{ key: 0, from: '', until: 'x', reason: ' y ' }] };
    expect(toSettings(form).freezes).toEqual([{ from: '', until: 'x', reason: 'y' }]);
  });
});

describe('what saving brings about', () => {
  it('is nothing where nothing is at stake', () => {
    expect(consequences(calm, calm, NOW)).toEqual([]);
    const over = { ...calm, freezes: [freeze('2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z')] };
    expect(consequences(calm, over, NOW)).toEqual([]);
  });

  it('is named for each thing that waits, or begins to', () => {
    expect(consequences({ ...frozen, protected: true, on_failure: 'keep' }, calm, NOW)).toEqual([
      'What waits for approval no longer waits for it.',
      'What waits for a freeze to end no longer waits for it.',
      'If what runs is what failed and was kept, the stack goes back to what last succeeded.',
    ]);
    expect(consequences({ ...calm, drift: 'show' }, calm, NOW)).toEqual([
      'What differs from the release is put back at once.',
    ]);
    const gone = { policy: 'with_stack' as const, days: null };
    expect(consequences(calm, { ...calm, volumes: gone }, NOW)).toEqual([
      'Whoever removes the stack deletes its data.',
    ]);
    expect(consequences(calm, { ...frozen, protected: true }, NOW)).toEqual([
      'A deployment that is not being applied yet waits until somebody approves it.',
      'A deployment that is not being applied yet waits until the freeze ends.',
    ]);
  });
});

it('a freeze is over, goes on, or is to come', () => {
  const [from, until] = ['2026-11-27T00:00:00Z', '2026-11-28T00:00:00Z'];
  const at = (text: string) => stands({ from, until }, Date.parse(text));
  expect([at('2026-11-26T23:59:59Z'), at(from), at(until)]).toEqual(['later', 'now', 'over']);
});

it('the server’s complaints go to their row, and none gets lost', () => {
  const fault = (pointer: string, detail: string) => ({ pointer, detail });
  const faults = [
    fault('/freezes/1/reason', 'Say why.'),
    fault('/freezes/1/reason', 'Really.'),
    fault('/freezes', 'Too many.'),
    fault('/volumes/days', 'Say how many.'),
    fault('/drift', 'Not a word.'),
  ];
  expect(sortSettingsFaults(new ApiError('no', 422, undefined, faults))).toEqual({
    fields: {
      'freezes/1/reason': 'Say why.',
      freezes: 'Too many.',
      'volumes/days': 'Say how many.',
    },
    rest: 'Not a word.',
  });
  expect(sortSettingsFaults(new Error('off')).rest).toBe('off');
});
