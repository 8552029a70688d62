import type { EventFilter } from '~/api/queries';

/** What the events page shows, in the URL: what it is narrowed to, and the delivery that is open. */
export type Search = EventFilter & { id?: string | undefined };

/** Whether the list is narrowed to anything. */
export const isNarrow = ({ kind, stack, actor, q }: EventFilter) =>
  Boolean(kind || stack || actor || q);

const THINGS = {
  delivery: 'deliveries',
  deployment: 'deployments',
  person: 'actions of people',
  berth: 'actions of Berth',
} as const;

/** What a list that came back empty was asked for: "No deployments of shop with “cart” in them". */
export function nothing({ kind, stack, actor, q }: EventFilter): string {
  const parts = [kind ? `No ${THINGS[kind]}` : 'No events'];
  if (stack) parts.push(`of ${stack}`);
  if (actor) parts.push(`by ${actor}`);
  if (q) parts.push(`with “${q}” in them`);
  return parts.join(' ');
}
