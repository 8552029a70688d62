import { describe, expect, it } from 'vitest';

import { acts } from '~/test/act-fixtures';
import { deliveries } from '~/test/fixtures';

import { merged, ofAct, ofDelivery, type Entry } from './merge';

const at = (entry: Entry, minute: number): Entry => ({
  ...entry,
  at: new Date(minute * 60_000).toISOString(),
});
const delivery = (minute: number) => at(ofDelivery(deliveries[0]!), minute);
const act = (minute: number) => at(ofAct(acts[0]!), minute);
const minutes = (entries: readonly Entry[]) =>
  entries.map(({ kind, at: when }) => `${kind} ${Date.parse(when) / 60_000}`);

describe('merged', () => {
  it('is newest first, whichever list it came from', () => {
    const all = merged([
      { entries: [delivery(9), delivery(3)], more: false },
      { entries: [act(7), act(1)], more: false },
    ]);
    expect(minutes(all)).toEqual(['delivery 9', 'act 7', 'delivery 3', 'act 1']);
  });

  it('leaves out what is older than the end of a list that has more', () => {
    const all = merged([
      { entries: [delivery(9), delivery(6)], more: true },
      { entries: [act(7), act(6), act(1)], more: true },
    ]);
    expect(minutes(all)).toEqual(['delivery 9', 'act 7', 'delivery 6', 'act 6']);
  });

  it('is nothing where there is nothing', () => {
    expect(merged([{ entries: [], more: false }])).toEqual([]);
  });
});
