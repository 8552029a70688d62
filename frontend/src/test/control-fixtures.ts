import type { Deployment, StackSettings } from '../api/schema.gen';
import { before, commit, deployment, phases } from './fixtures.ts';

/** Data of what people decide: settings of an environment, and a deployment that waits for them. */

/** What an environment is like of which everything was said. */
export const settings: StackSettings = {
  on_failure: 'rollback',
  protected: true,
  freezes: [
    {
      from: '2026-11-27T00:00:00Z',
      until: '2026-11-30T08:00:00Z',
      reason: 'Black Friday: only what mends the checkout',
    },
    {
      from: '2026-12-23T17:00:00Z',
      until: '2027-01-02T08:00:00Z',
      reason: 'Holidays',
    },
  ],
  drift: 'heal',
  volumes: { policy: 'keep', days: null },
};

/** One that waits for a person and for a time. */
export const waiting: Deployment = deployment({
  number: 58,
  stack: 'shop-staging',
  commit: commit('c41d9e0', 'Merge branch cart-v2'),
  phase: 'rendered',
  waiting: 'its environment is protected, and somebody has to approve it',
  needs_approval: true,
  frozen: settings.freezes[0] ?? null,
  created_at: before(51),
  phases: phases(4, 'pending', Date.parse(before(51))),
  finished_at: null,
  duration_ms: 51 * 60_000,
});
