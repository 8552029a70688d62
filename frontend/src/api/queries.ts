import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';

import { since } from '~/lib/moment';

import { api, take, takeTagged } from './client';
import { readList, readMoving, SIZE } from './list';
import type {
  Deployment,
  Event,
  EventKind,
  RuleDraft,
  RuleReplay,
  StackKind,
  StackState,
  StackSummary,
} from './schema.gen';

/** The first part of every key is what stream.ts marks as stale. */

export const sessionQuery = () =>
  queryOptions({
    queryKey: ['session'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/session', { signal })),
    staleTime: 5 * 60_000,
    retry: false,
  });

export const statusQuery = () =>
  queryOptions({
    queryKey: ['status'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/status', { signal })),
    // Coming back to the tab is a good moment to look again.
    staleTime: 0,
  });

export const clusterQuery = () =>
  queryOptions({
    queryKey: ['cluster'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/cluster', { signal })),
  });

/** A node, and what is on it; the first part of the key is the cluster's. */
export const nodeQuery = (id: string) =>
  queryOptions({
    queryKey: ['cluster', 'node', id],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/cluster/nodes/{id}', { params: { path: { id } }, signal })),
    // Tasks of others on it are no events of ours.
    staleTime: 0,
  });

type Paged = { next_cursor: string | null };
const pages = {
  initialPageParam: undefined as string | undefined,
  getNextPageParam: (last: Paged) => last.next_cursor ?? undefined,
  placeholderData: keepPreviousData,
};

/** What a list of stacks is narrowed to, and its order, as addresses have it. */
export type StackFilter = {
  q?: string | undefined;
  kind?: StackKind | undefined;
  /** Only those that a person should look into. */
  attention?: true | undefined;
  /** The name of an environment. */
  env?: string | undefined;
  /** The one word that a row says. */
  health?: StackState | undefined;
  sync?: 'synced' | 'drifted' | undefined;
  /** GitHub's id of a repository. */
  repo?: number | undefined;
  sort?: 'updated' | undefined;
};

const readStacks =
  ({ env, health, sync, repo, ...query }: StackFilter) =>
  (cursor: string | undefined, limit: number, signal: AbortSignal) =>
    take(
      api.GET('/api/v1/stacks', {
        params: {
          query: {
            ...query,
            environment: env,
            state: health,
            synced: sync && sync === 'synced',
            repository_id: repo,
            cursor,
            limit,
          },
        },
        signal,
      }),
    );

export const stacksQuery = (filter: StackFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ['stacks', filter],
    queryFn:
      filter.sort === 'updated'
        ? readMoving(SIZE, readStacks(filter))
        : readList(SIZE, ({ name }: StackSummary) => name, readStacks(filter)),
    ...pages,
  });

/** What tells the stacks apart that there are: lists of them can be narrowed to it. */
export const stackChoicesQuery = () =>
  queryOptions({
    queryKey: ['stack-choices'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/stack-choices', { signal })),
  });

/** What a person should look into, whatever the list is narrowed to and has loaded. */
export const attentionQuery = () =>
  queryOptions({
    queryKey: ['stacks', 'attention'],
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/stacks', { params: { query: { attention: true, limit: 100 } }, signal }),
      ),
  });

export const stackQuery = (name: string) =>
  queryOptions({
    queryKey: ['stack', name],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/stacks/{name}', { params: { path: { name } }, signal })),
  });

/** The last dry run; the first part of the key is the stack's. */
export const dryRunQuery = (name: string) =>
  queryOptions({
    queryKey: ['stack', name, 'dry-run'],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/stacks/{name}/dry-run', { params: { path: { name } }, signal })),
  });

/** What is said of its environment; the first part of the key is the stack's. */
export const stackSettingsQuery = (name: string) =>
  queryOptions({
    queryKey: ['stack', name, 'settings'],
    queryFn: ({ signal }) =>
      takeTagged(api.GET('/api/v1/stacks/{name}/settings', { params: { path: { name } }, signal })),
  });

export const deploymentsQuery = (name: string) =>
  infiniteQueryOptions({
    queryKey: ['deployments', name],
    queryFn: readList(
      20,
      ({ id }: Deployment) => id,
      (cursor, limit, signal) =>
        take(
          api.GET('/api/v1/stacks/{name}/deployments', {
            params: { path: { name }, query: { cursor, limit } },
            signal,
          }),
        ),
    ),
    ...pages,
  });

export const deploymentQuery = (name: string, number: number) =>
  queryOptions({
    queryKey: ['deployment', name, number],
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/stacks/{name}/deployments/{number}', {
          params: { path: { name, number } },
          signal,
        }),
      ),
  });

export const rulesQuery = () =>
  infiniteQueryOptions({
    queryKey: ['rules'],
    queryFn: ({ signal, pageParam }) =>
      take(
        api.GET('/api/v1/rules', { params: { query: { cursor: pageParam, limit: 100 } }, signal }),
      ),
    ...pages,
  });

export const ruleQuery = (id: string) =>
  queryOptions({
    queryKey: ['rule', id],
    queryFn: ({ signal }) =>
      takeTagged(api.GET('/api/v1/rules/{id}', { params: { path: { id } }, signal })),
  });

/** What a draft would match now. A POST, because a draft is no address; it changes nothing. */
export const ruleMatchesQuery = (draft: RuleDraft) =>
  queryOptions({
    queryKey: ['rule-matches', draft],
    queryFn: ({ signal }) => take(api.POST('/api/v1/rules/matches', { body: draft, signal })),
    placeholderData: keepPreviousData,
    retry: false,
    // Whoever comes back to a draft sees what was pushed meanwhile.
    staleTime: 30_000,
    gcTime: 60_000,
  });

/** What a draft would have made of the deliveries that are kept; as {@link ruleMatchesQuery}. */
export const ruleReplayQuery = (draft: RuleDraft) =>
  infiniteQueryOptions({
    queryKey: ['rule-replay', draft],
    queryFn: readList(
      20,
      ({ delivery }: RuleReplay) => delivery.id,
      (cursor, limit, signal) =>
        take(
          api.POST('/api/v1/rules/replay', {
            params: { query: { cursor, limit } },
            body: draft,
            signal,
          }),
        ),
    ),
    ...pages,
    retry: false,
    staleTime: 30_000,
    gcTime: 60_000,
  });

/** What is set where Berth is started. It changes with a restart only. */
export const settingsQuery = () =>
  queryOptions({
    queryKey: ['settings'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/settings', { signal })),
  });

/** The repositories that the App may see; with `q`, those that have it in their names. */
export const repositoriesQuery = (q?: string) =>
  queryOptions({
    queryKey: ['repositories', q || undefined],
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/repositories', {
          params: { query: { q: q || undefined, limit: 100 } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const githubQuery = () =>
  queryOptions({
    queryKey: ['github'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/github', { signal })),
  });

export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: ['delivery', id],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/deliveries/{id}', { params: { path: { id } }, signal })),
  });

/** The newest deliveries, without what else happened. */
export const deliveriesQuery = () =>
  queryOptions({
    queryKey: ['deliveries'],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/deliveries', { params: { query: { limit: 20 } }, signal })),
  });

/** What the list of events is narrowed to. */
export type EventFilter = {
  kind?: EventKind | undefined;
  stack?: string | undefined;
  actor?: string | undefined;
  q?: string | undefined;
  /** A moment, or how far back from now. */
  since?: string | undefined;
};

export const eventsQuery = (filter: EventFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ['events', filter],
    queryFn: readList(
      SIZE,
      (event: Event) => `${event.kind} ${event.id}`,
      (cursor, limit, signal) =>
        take(
          api.GET('/api/v1/events', {
            params: {
              query: { ...filter, since: since(filter.since, Date.now()), cursor, limit },
            },
            signal,
          }),
        ),
    ),
    ...pages,
  });

export const tokensQuery = () =>
  queryOptions({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/tokens', { signal })),
  });

export const sessionsQuery = () =>
  queryOptions({
    queryKey: ['sessions'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/sessions', { signal })),
    // Another browser may have logged in: no event tells.
    staleTime: 0,
  });

export const pruneQuery = () =>
  queryOptions({
    queryKey: ['prune'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/prune', { signal })),
  });

export const membersQuery = () =>
  queryOptions({
    queryKey: ['members'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/members', { signal })),
    // When somebody was last seen is no event.
    staleTime: 0,
  });

export const invitationsQuery = () =>
  queryOptions({
    queryKey: ['invitations'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/invitations', { signal })),
  });

/** What the link with this token is for. A POST, so that the token is in no log of addresses. */
export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) =>
      take(api.POST('/api/v1/invitations/look', { body: { token }, signal })),
    retry: false,
  });

export const registriesQuery = () =>
  queryOptions({
    queryKey: ['registries'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/registries', { signal })),
  });

/** One part of a build log; the log viewer keeps what it has read by itself. */
export const readLog = (id: string, after: number | undefined, signal: AbortSignal) =>
  take(
    api.GET('/api/v1/deployments/{id}/log', {
      params: { path: { id }, query: { after, limit: 2000 } },
      signal,
    }),
  );
