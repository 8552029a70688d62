import type { Cluster, Node } from '../api/schema.gen';
import { before } from './fixtures.ts';

/** A node of the mock's Swarm. */
export function node(hostname: string, part: Partial<Node> = {}): Node {
  return {
    id: `id-of-${hostname}`,
    hostname,
    role: 'manager',
    leader: false,
    availability: 'active',
    state: 'ready',
    message: '',
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
      tasks: [task('shop', 'db'), task('shop', 'web'), task('status-page', 'web')],
    }),
    node('harbour-3', { address: '10.0.4.13', availability: 'drain' }),
  ],
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
