import type { EventFilter } from '~/api/queries';
import { isAgo } from '~/lib/moment';
import { short } from '~/lib/time';

/** What the events page shows, in the URL: what it is narrowed to, and the delivery that is open. */
export type Search = EventFilter & { id?: string | undefined };

/** Whether the list is narrowed to anything. */
export const isNarrow = ({ kind, stack, actor, q, since }: EventFilter) =>
  Boolean(kind || stack || actor || q || since);

/** How far back one looks mostly. */
export const SPANS = [
  { value: '1h', label: 'Last hour' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
] as const;

/** "Last 24 hours", or "Since 27 Nov 2026, 08:00": what an address may say, too. */
export function spanLabel(since: string): string {
  const known = SPANS.find(({ value }) => value === since);
  return known?.label ?? (isAgo(since) ? `Last ${since}` : `Since ${short(since)}`);
}

const THINGS = {
  delivery: 'deliveries',
  deployment: 'deployments',
  person: 'actions of people',
  berth: 'actions of Berth',
} as const;

/** What a list that came back empty was asked for: "No deployments of shop with “cart” in them". */
export function nothing({ kind, stack, actor, q, since }: EventFilter): string {
  const parts = [kind ? `No ${THINGS[kind]}` : 'No events'];
  if (stack) parts.push(`of ${stack}`);
  if (actor) parts.push(`by ${actor}`);
  if (q) parts.push(`with “${q}” in them`);
  if (since) parts.push(`${isAgo(since) ? 'in the ' : ''}${lower(spanLabel(since))}`);
  return parts.join(' ');
}

const lower = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
