import type { Cluster, Node, NodeDetail, NodeTask } from '../api/schema.gen';
import { before } from './fixtures.ts';

/** A node of the mock's Swarm. */
export function node(hostname: string, part: Partial<Node> = {}): Node {
  return {
    id: `id-of-${hostname}`,
    hostname,
    role: 'manager',
    leader: false,
    berth_leader: false,
    availability: 'active',
    state: 'ready',
    message: '',
    state_since: before(7000),
    away_since: null,
    address: '10.0.4.11',
    engine_version: '28.3.2',
    os: 'linux',
    architecture: 'x86_64',
    cpus: 4,
    memory_bytes: 16.6e9,
    labels: {},
    tasks: [],
    ...part,
  };
}

const task = (stack: string, service: string, running = 1) => ({ stack, service, running });

export const cluster: Cluster = {
  nodes: [
    node('harbour-1', {
      leader: true,
      berth_leader: true,
      labels: { 'berth.postgres': 'true' },
      tasks: [
        task('docs', 'web'),
        task('shop', 'api', 2),
        task('shop', 'web'),
        task('shop-pr-41', 'web'),
      ],
    }),
    node('harbour-2', {
      address: '10.0.4.12',
      tasks: [task('shop', 'store'), task('shop', 'web'), task('status-page', 'web')],
    }),
    node('harbour-3', { address: '10.0.4.13', availability: 'drain' }),
  ],
  tasks_running: 8,
  tasks_desired: 9,
  outages: [
    {
      node_id: 'id-of-harbour-2',
      hostname: 'harbour-2',
      lost_at: before(190),
      ended_at: before(184),
      ending: 'back',
    },
    {
      node_id: 'id-of-harbour-0',
      hostname: 'harbour-0',
      lost_at: before(9000),
      ended_at: before(8700),
      ending: 'removed',
    },
  ],
};

function nodeTask(service: string, stack: string | null, part: Partial<NodeTask> = {}): NodeTask {
  return {
    id: `task-of-${stack}-${service}-${part.slot ?? 1}`,
    stack,
    service,
    slot: 1,
    image: `ghcr.io/acme/${service}:5c0ffee`,
    state: 'running',
    since: before(400),
    fate: 'moves',
    why: '',
    ...part,
  };
}

const data = 'what is in shop_data stays on this node';

/** What the mock's node has on it. */
export function nodeDetail(is: Node, part: Partial<NodeDetail> = {}): NodeDetail {
  const tasks = [
    nodeTask('web', 'docs'),
    nodeTask('api', 'shop', { slot: 1, since: before(52) }),
    nodeTask('api', 'shop', { slot: 2, state: 'starting', since: before(0.4) }),
    nodeTask('db', 'shop', { fate: 'moves_empty', why: data, image: 'postgres:17' }),
    nodeTask('web', 'shop-pr-41', {
      fate: 'waits',
      why: 'no other node that takes tasks satisfies node.labels.disk == ssd',
    }),
    nodeTask('node-exporter', null, {
      slot: null,
      fate: 'ends',
      why: 'one runs on each node, and none will here',
      image: 'prom/node-exporter:v1.9.1',
    }),
  ];
  return {
    node: is,
    intent: null,
    load: {
      tasks: is.availability === 'drain' ? [] : tasks,
      reserved_cpus: is.availability === 'drain' ? 0 : 1.75,
      reserved_memory_bytes: is.availability === 'drain' ? 0 : 3.5 * 2 ** 30,
      no_drain: null,
    },
    blind: '',
    ...part,
  };
}
