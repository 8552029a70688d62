import type { Deployment } from '../api/schema.gen';
import { before, commit, deployment, phases } from './fixtures.ts';
import { settings } from './state-fixtures.ts';

/** Data of what people decide: a deployment that waits for them. */

/** One that waits for a person and for a time. */
export const waiting: Deployment = deployment({
  number: 58,
  stack: 'shop-beta',
  why: 'The rule “beta” matched a push to main.',
  rule_name: 'beta',
  commit: commit('c41d9e0', 'Merge branch cart-v2'),
  phase: 'rendered',
  waiting: 'its environment is protected, and somebody has to approve it',
  needs_approval: true,
  frozen: settings.freezes[0] ?? null,
  created_at: before(51),
  phases: phases(4, 'pending', Date.parse(before(51))),
  finished_at: null,
  duration_ms: 51 * 60_000,
  urls: ['http://beta.shop.example.com/'],
});
