import type { Node, Outage, PlacedTasks } from '~/api/schema.gen';
import { between, clock } from '~/lib/time';
import type { Look } from '~/ui/status';

/** A node's state in one word: whether it is there first, what a person wants of it second. */
export function nodeLook(node: Pick<Node, 'state' | 'availability'>): { look: Look; word: string } {
  switch (node.state) {
    case 'down':
    case 'disconnected':
      return { look: 'failed', word: 'Away' };
    case 'unknown':
      return { look: 'unknown', word: 'Unknown' };
    case 'ready':
      return AVAILABLE[node.availability];
  }
}

const AVAILABLE = {
  active: { look: 'healthy', word: 'Ready' },
  pause: { look: 'paused', word: 'Paused' },
  drain: { look: 'stopped', word: 'Drained' },
} satisfies Record<Node['availability'], { look: Look; word: string }>;

/** "2 CPUs", "0.5 CPUs". */
export const cpus = (count: number): string =>
  `${count.toLocaleString('en', { maximumFractionDigits: 2 })} ${count === 1 ? 'CPU' : 'CPUs'}`;

/** "15.6 GiB", "512 MiB". */
export function memory(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1
    ? `${gib.toLocaleString('en', { maximumFractionDigits: 1 })} GiB`
    : `${Math.round(bytes / 2 ** 20)} MiB`;
}

export const running = (tasks: readonly PlacedTasks[]): number =>
  tasks.reduce((sum, task) => sum + task.running, 0);

/** The tasks of a node, stack by stack. */
export function byStack(tasks: readonly PlacedTasks[]): [stack: string, tasks: PlacedTasks[]][] {
  const stacks = new Map<string, PlacedTasks[]>();
  for (const task of tasks) stacks.set(task.stack, [...(stacks.get(task.stack) ?? []), task]);
  return [...stacks];
}

/** What became of a node that was away: "was away for 4m, and came back at 14:03:11". */
export function outcome({ lost_at, ended_at, ending }: Outage): string {
  if (!ended_at) return 'is away';
  const long = between(lost_at, ended_at, 0);
  return ending === 'removed'
    ? `was away for ${long}, and was removed from the Swarm`
    : `was away for ${long}, and came back at ${clock(ended_at)}`;
}
