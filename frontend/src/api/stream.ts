import type { QueryClient } from '@tanstack/react-query';

import { Store } from '~/lib/store';

import { ApiError } from './client';
import { sessionQuery } from './queries';
import type { Topic } from './schema.gen';
import { retryAfter, whileVisible } from './reconnect';

/** One change on the server: what kind of thing, and which. */
export type Change = { topic: string; id: string };

/** `since`: when the connection was lost, in milliseconds of the epoch. */
export type Connection = { state: 'connecting' | 'live' } | { state: 'lost'; since: number };

export const connection = new Store<Connection>({ state: 'connecting' });

/** Calls `tell` with each new connection: what was missing may be there now. */
export const whenLive = (tell: () => void): (() => void) =>
  connection.watch(() => {
    if (connection.get().state === 'live') tell();
  });

/** The queries that a change of this topic makes stale, by the first part of their key. */
const STALE = {
  // Where its tasks run is the cluster's, too.
  stack: ['stacks', 'stack', 'stack-choices', 'cluster'],
  environment: ['stacks', 'stack', 'stack-choices'],
  deployment: ['deployments', 'deployment', 'stacks', 'stack', 'events'],
  rule: ['rules', 'rule'],
  repository: ['repositories', 'github'],
  installation: ['github', 'repositories'],
  github_app: ['github'],
  delivery: ['deliveries', 'delivery', 'github', 'events', 'rule-replay', 'rule-matches'],
  act: ['events'],
  prune: ['status', 'prune'],
  node: ['cluster', 'status'],
  member: ['members', 'invitations', 'session'],
  // The log viewer listens for itself: it reads what is new and keeps the rest.
  build_log: [],
} satisfies Record<Topic, readonly string[]>;

/** A topic that this page does not know yet makes everything stale: late is better than wrong. */
export function staleKeys(topic: string): readonly string[] | 'all' {
  return Object.hasOwn(STALE, topic) ? STALE[topic as Topic] : 'all';
}

/** Reads one event's data; anything else than a change counts as none. */
export function readChange(data: string): Change | null {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value !== 'object' || value === null || !('topic' in value)) return null;
    const { topic } = value;
    const id = 'id' in value ? value.id : '';
    return typeof topic === 'string' ? { topic, id: String(id) } : null;
  } catch {
    return null;
  }
}

const listeners = new Set<(change: Change) => void>();

/** Calls `tell` with every change, and with topic `reset` when some may have been missed. */
export function onChange(tell: (change: Change) => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

const RESET: Change = { topic: 'reset', id: '' };
/** Status is looked at again with other changes, but not more often than this. */
const STATUS_EVERY_MS = 10_000;
/**
 * What GitHub is asked for is asked that long after the first change, however many follow: GitHub
 * limits requests an hour, and Berth answers for half as long with what it was told before.
 */
const SELDOM = new Set(['rule-matches']);
const SELDOM_MS = 60_000;
/** How often the page looks whether the machine slept, and what gap between two looks means that. */
const LOOK_MS = 10_000;
const SLEPT_MS = 120_000;

/**
 * Keeps the one event stream of this page open and marks what it names as stale.
 * Returns the function that ends it.
 */
export function startStream(client: QueryClient, onSignedOut: () => void): () => void {
  const stale = new Staleness(client);
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let missed = false;
  let ended = false;
  let lookedAt = Date.now();

  const lost = (since = Date.now()) => {
    if (connection.get().state !== 'lost') connection.set({ state: 'lost', since });
  };
  const announce = (change: Change) => {
    for (const tell of listeners) tell(change);
    stale.mark(change.topic === 'reset' ? 'all' : staleKeys(change.topic));
  };

  const open = () => {
    if (ended || source) return;
    lookedAt = Date.now();
    const mine = new EventSource('/api/v1/stream');
    source = mine;
    mine.addEventListener('open', () => {
      const wasLost = connection.get().state === 'lost';
      connection.set({ state: 'live' });
      attempt = 0;
      if (missed) announce(RESET);
      else if (wasLost) stale.mark(['status']);
      missed = false;
    });
    mine.addEventListener('change', (event: MessageEvent<string>) => {
      const change = readChange(event.data);
      if (change) announce(change);
    });
    mine.addEventListener('reset', () => announce(RESET));
    mine.addEventListener('error', () => {
      if (mine !== source) return;
      lost();
      // While it is CONNECTING the browser retries by itself, with Last-Event-ID.
      if (mine.readyState === EventSource.CLOSED) void reopen();
    });
  };

  const close = () => {
    source?.close();
    source = undefined;
    clearTimeout(retry);
    // A new EventSource does not know where the old one stopped.
    missed = true;
  };

  /** The server refused the stream: either nobody is signed in, or it is not well. */
  const reopen = async () => {
    close();
    try {
      await client.fetchQuery({ ...sessionQuery(), staleTime: 0 });
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        onSignedOut();
        return;
      }
    }
    stale.mark(['status']);
    if (ended || document.hidden) return;
    retry = setTimeout(open, retryAfter(attempt++));
  };

  // A machine that wakes up may hold a connection that is dead and does not know it: no error comes.
  const look = setInterval(() => {
    const before = lookedAt;
    lookedAt = Date.now();
    if (lookedAt - before < SLEPT_MS || document.hidden || !source) return;
    lost(before);
    close();
    open();
  }, LOOK_MS);

  const leave = whileVisible(open, close);
  return () => {
    ended = true;
    stale.stop();
    clearInterval(look);
    leave();
    connection.set({ state: 'connecting' });
  };
}

/**
 * Marks queries as stale, many changes at once: while one round of refetching runs, further
 * changes wait, so that a burst of events neither floods the server nor cancels every answer.
 */
export class Staleness {
  #waiting = new Set<string>();
  #all = false;
  #running = false;
  #statusAt = 0;
  #seldom: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: Pick<QueryClient, 'invalidateQueries'>) {}

  mark(keys: readonly string[] | 'all'): void {
    if (keys === 'all') this.#all = true;
    else {
      for (const key of keys) if (!SELDOM.has(key)) this.#waiting.add(key);
      if (keys.some((key) => SELDOM.has(key))) this.#seldom ??= this.#later();
    }
    if (Date.now() - this.#statusAt > STATUS_EVERY_MS) this.#waiting.add('status');
    if (!this.#running) void this.#run();
  }

  stop(): void {
    clearTimeout(this.#seldom);
    this.#seldom = undefined;
  }

  #later() {
    return setTimeout(() => {
      this.#seldom = undefined;
      for (const key of SELDOM) this.#waiting.add(key);
      if (!this.#running) void this.#run();
    }, SELDOM_MS);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#all || this.#waiting.size > 0) {
      // Changes come in groups: let the group arrive.
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((go) => setTimeout(go, 60));
      const all = this.#all;
      const keys = this.#waiting;
      this.#all = false;
      this.#waiting = new Set();
      if (all || keys.has('status')) this.#statusAt = Date.now();
      const round = this.client.invalidateQueries(
        all ? {} : { predicate: ({ queryKey }) => keys.has(String(queryKey[0])) },
      );
      // A slow answer may not hold the next round back for long.
      // oxlint-disable-next-line no-await-in-loop
      await Promise.race([round.catch(() => {}), new Promise((go) => setTimeout(go, 2_000))]);
    }
    this.#running = false;
  }
}
