import type { StackFilter } from '~/api/queries';
import type { StackState } from '~/api/schema.gen';
import { id, oneOf, text } from '~/lib/search';

/** What an address says of a list of stacks: `?q &kind &attention &env &health &sync &repo &sort`. */

/** In the order in which one looks for them. */
export const STATES = Object.keys({
  failed: 1,
  degraded: 1,
  deploying: 1,
  progressing: 1,
  healthy: 1,
  unknown: 1,
  removing: 1,
} satisfies Record<StackState, 1>) as StackState[];

export const readStackSearch = (search: Record<string, unknown>): StackFilter => ({
  q: text(search.q),
  kind: oneOf(search.kind, ['permanent', 'preview']),
  attention: search.attention === true || undefined,
  env: text(search.env),
  health: oneOf(search.health, STATES),
  sync: oneOf(search.sync, ['synced', 'drifted']),
  repo: id(search.repo),
  sort: oneOf(search.sort, ['updated']),
});
