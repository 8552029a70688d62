import type { Act, Delivery } from '~/api/schema.gen';

/** One line of the events: what GitHub told, or what somebody did. */
export type Entry =
  | { kind: 'delivery'; at: string; delivery: Delivery }
  | { kind: 'act'; at: string; act: Act };

export const ofDelivery = (delivery: Delivery): Entry => ({
  kind: 'delivery',
  at: delivery.received_at,
  delivery,
});

export const ofAct = (act: Act): Entry => ({ kind: 'act', at: act.at, act });

/** A list as far as it is loaded, newest first, and whether there is more of it. */
export type Loaded = { entries: readonly Entry[]; more: boolean };

/**
 * Lists as one, newest first. It ends where the first of them ends for now: what is older than
 * that may have entries of that list between, which are not loaded yet.
 */
export function merged(lists: readonly Loaded[]): Entry[] {
  const time = ({ at }: Entry) => Date.parse(at);
  const ends = lists.flatMap(({ entries, more }) => {
    const last = entries.at(-1);
    return more && last ? [time(last)] : [];
  });
  const end = Math.max(...ends, -Infinity);
  return lists
    .flatMap(({ entries }) => entries)
    .filter((entry) => time(entry) >= end)
    .toSorted((a, b) => time(b) - time(a));
}
