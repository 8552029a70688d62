import type { Difference, Health, StackSettings, State } from '../api/schema.gen';

/** How stacks and services are, since when, what differs, and what is said of an environment. */

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

/** How something has been for some hours. */
export function answers(part: {
  health?: Health;
  why?: string;
  synced?: boolean;
  differs?: string;
}) {
  const { health = 'healthy', why, synced = true, differs } = part;
  return {
    synced: { value: synced, reason: differs ?? 'nothing differs', since: hoursAgo(3) },
    healthy: { value: health, reason: why ?? 'all its tasks are well', since: hoursAgo(5) },
  } satisfies State;
}

/** What a hand changed on a stack. */
export const differences = (stack: string): Difference[] => [
  {
    kind: 'service',
    name: 'web',
    field: 'replicas',
    desired: '3',
    live: '5',
    sentence: 'service `web` runs 5 replicas; its release says 3',
  },
  {
    kind: 'service',
    name: 'web',
    field: 'env.DEBUG',
    desired: '•••',
    live: '•••',
    sentence: 'service `web` has another value for the variable `DEBUG` than its release',
  },
  {
    kind: 'service',
    name: 'web',
    field: 'labels.hotfix',
    desired: null,
    live: '•••',
    sentence: 'service `web` has the label `hotfix` that nobody asked for',
  },
  {
    kind: 'network',
    name: `${stack}_back`,
    field: '',
    desired: 'there',
    live: null,
    sentence: `network \`${stack}_back\` is missing`,
  },
];

export const SCALED_DOWN: Difference = {
  kind: 'service',
  name: 'worker',
  field: 'replicas',
  desired: '2',
  live: '1',
  sentence: 'service `worker` runs 1 replica; its release says 2',
};

/** What an environment is like of which everything was said. */
export const settings: StackSettings = {
  on_failure: 'rollback',
  protected: true,
  freezes: [
    {
      from: '2026-05-29T16:00:00Z',
      until: '2026-06-03T06:00:00Z',
      reason: 'Summer sale: only what mends the checkout',
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
