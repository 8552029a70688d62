import type { Act, Event } from '../api/schema.gen';
import { deliveries } from './delivery-fixtures.ts';
import { before, deployments, session } from './fixtures.ts';

/** What happened: the deliveries and the deployments, and what people and Berth did. */

type Done = Act & { id: number; at: string };

function done(part: Partial<Done> & Pick<Done, 'kind' | 'subject'>): Done {
  return {
    id: 1,
    at: before(1),
    user_id: session.user.id,
    actor: 'Mira',
    stack: null,
    number: null,
    detail: '',
    ...part,
  };
}

const berth = { user_id: null, actor: 'Berth' } as const;

const acts: Done[] = [
  done({ id: 9, at: before(3), kind: 'approved', subject: 'shop', stack: 'shop', number: 143 }),
  done({
    ...berth,
    id: 8,
    at: before(10),
    kind: 'healed',
    subject: 'shop',
    stack: 'shop',
    detail: '~ service worker berth/shop-worker:9f2c1ab04d7e x2',
  }),
  done({
    id: 7,
    at: before(11),
    actor: 'Tariq',
    kind: 'rule_changed',
    subject: 'previews',
    detail: 'acme/shop',
  }),
  done({
    id: 6,
    at: before(40),
    kind: 'rolled_back',
    subject: 'shop',
    stack: 'shop',
    number: 142,
    detail: 'to what #139 brought',
  }),
  done({
    id: 5,
    at: before(70),
    kind: 'member_invited',
    subject: 'noor@example.com',
    detail: 'as operator',
  }),
  done({
    ...berth,
    id: 4,
    at: before(95),
    kind: 'stack_gone',
    subject: 'shop-pr-208',
    stack: 'shop-pr-208',
  }),
  done({
    ...berth,
    id: 2,
    at: before(110),
    kind: 'gave_up',
    subject: 'blog',
    stack: 'blog',
    detail:
      'something else changes service `web` each time: healed 5 times in 3 minutes, left alone until the next deployment',
  }),
  done({
    ...berth,
    id: 3,
    at: before(300),
    kind: 'led',
    subject: '0191f6a0-0000-7000-8000-00000000c001',
    detail: 'epoch 12',
  }),
];

const newestFirst = (a: Event, b: Event) => Date.parse(b.at) - Date.parse(a.at);

export const events: Event[] = [
  ...acts.map(({ id, at, ...act }): Event => ({
    ...bare(String(id), at),
    kind: act.user_id ? 'person' : 'berth',
    act,
  })),
  ...deliveries.map((delivery): Event => ({
    ...bare(delivery.id, delivery.received_at),
    kind: 'delivery',
    delivery,
  })),
  ...deployments.map((it): Event => ({
    ...bare(it.id, it.created_at),
    kind: 'deployment',
    deployment: {
      stack: it.stack,
      number: it.number,
      phase: it.phase,
      why: it.why,
      sha: it.commit.sha,
      message: it.commit.message,
      reason: it.reason?.text ?? null,
      finished_at: it.finished_at,
    },
  })),
].toSorted(newestFirst);

function bare(id: string, at: string) {
  return { id, at, delivery: null, deployment: null, act: null };
}

const FLOOD = 5_000;
const PAGE = 50;

/** What `q=flood` finds: thousands of events, a page at a time, to measure the list with. */
function flooded(cursor: string | null): { items: Event[]; next_cursor: string | null } {
  const from = Number(cursor ?? 0);
  const items = Array.from({ length: PAGE }, (_, place): Event => {
    const n = from + place;
    const { delivery, ...event } = events[n % events.length]!;
    const id = `flood-${n}`;
    return { ...event, id, at: before(n), delivery: delivery && { ...delivery, id } };
  });
  return { items, next_cursor: from + PAGE < FLOOD ? String(from + PAGE) : null };
}

/** The events as the server would answer with them. */
export function eventsFor(query: URLSearchParams): { items: Event[]; next_cursor: string | null } {
  const [kind, stack, actor, q] = ['kind', 'stack', 'actor', 'q'].map((name) => query.get(name));
  const has = (event: Event, word: string) =>
    JSON.stringify(event).toLowerCase().includes(word.toLowerCase());
  if (q === 'flood') return flooded(query.get('cursor'));
  const since = query.get('since');
  const items = events.filter(
    (event) =>
      (!since || Date.parse(event.at) >= Date.parse(since)) &&
      (!kind || event.kind === kind) &&
      (!stack || event.act?.stack === stack || event.deployment?.stack === stack) &&
      (!actor || event.act?.actor === actor || event.delivery?.sender === actor) &&
      (!q || has(event, q)),
  );
  return { items, next_cursor: null };
}
