import type { Fate, Node, NodeTask, Outage, PlacedTasks, TaskState } from '~/api/schema.gen';
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

/** What a node is to be, while the leader has not made it so yet. */
export const INTENDED = {
  active: 'to be active',
  pause: 'to be paused',
  drain: 'to be drained',
} satisfies Record<Node['availability'], string>;

/** A task's state, in our looks. */
export const TASKS = {
  new: { look: 'pending', word: 'New' },
  pending: { look: 'pending', word: 'Waiting' },
  assigned: { look: 'progressing', word: 'Assigned' },
  accepted: { look: 'progressing', word: 'Accepted' },
  preparing: { look: 'progressing', word: 'Preparing' },
  ready: { look: 'progressing', word: 'Ready' },
  starting: { look: 'progressing', word: 'Starting' },
  running: { look: 'healthy', word: 'Running' },
  complete: { look: 'noted', word: 'Complete' },
  shutdown: { look: 'stopped', word: 'Stopped' },
  failed: { look: 'failed', word: 'Failed' },
  rejected: { look: 'failed', word: 'Rejected' },
  remove: { look: 'removing', word: 'Removing' },
  orphaned: { look: 'failed', word: 'Orphaned' },
} satisfies Record<TaskState, { look: Look; word: string }>;

/** What becomes of tasks, the worst first: for a heading, and for a cell. */
export const FATES = {
  waits: { many: 'Nowhere to go: they wait', one: 'Has nowhere to go' },
  moves_empty: { many: 'Move, without their data', one: 'Moves without its data' },
  ends: { many: 'End', one: 'Ends' },
  moves: { many: 'Move to other nodes', one: 'Moves' },
} satisfies Record<Fate, { many: string; one: string }>;

/** Tasks of one service with one fate. */
export type Group = { key: string; name: string; many: number; why: string };

/** What would become of the tasks, fate by fate, those of a service as one. */
export function outlook(tasks: readonly NodeTask[]): [fate: Fate, groups: Group[]][] {
  return (Object.keys(FATES) as Fate[])
    .map((fate): [Fate, Group[]] => {
      const groups = new Map<string, Group>();
      for (const task of tasks) {
        if (task.fate !== fate) continue;
        const name = task.stack ? `${task.stack} / ${task.service}` : task.service;
        const key = `${name} ${task.why}`;
        const many = (groups.get(key)?.many ?? 0) + 1;
        groups.set(key, { key, name, many, why: task.why });
      }
      return [fate, [...groups.values()]];
    })
    .filter(([, groups]) => groups.length > 0);
}
