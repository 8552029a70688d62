import { describe, expect, it } from 'vitest';

import { cluster, node } from '~/test/cluster-fixtures';

import { byStack, cpus, memory, nodeLook, outcome, running } from './words';

describe('a node', () => {
  it('is away before anything else that may be said of it', () => {
    expect(nodeLook(node('n1')).word).toBe('Ready');
    expect(nodeLook(node('n1', { availability: 'pause' })).word).toBe('Paused');
    expect(nodeLook(node('n1', { availability: 'drain' })).word).toBe('Drained');
    expect(nodeLook(node('n1', { availability: 'drain', state: 'down' })).word).toBe('Away');
    expect(nodeLook(node('n1', { state: 'unknown' })).look).toBe('unknown');
  });

  it('has its tasks counted, stack by stack', () => {
    const tasks = cluster.nodes[0]?.tasks ?? [];
    expect(running(tasks)).toBe(5);
    expect(byStack(tasks).map(([stack, of]) => [stack, of.length])).toEqual([
      ['docs', 1],
      ['shop', 2],
      ['shop-pr-41', 1],
    ]);
  });

  it('has its resources in words', () => {
    expect([cpus(1), cpus(0.5), cpus(64)]).toEqual(['1 CPU', '0.5 CPUs', '64 CPUs']);
    expect([memory(512 * 2 ** 20), memory(2 ** 34)]).toEqual(['512 MiB', '16 GiB']);
  });
});

describe('an outage', () => {
  const lost = { node_id: 'n', hostname: 'n', lost_at: '2026-11-27T10:00:00Z' };

  it('goes on until the node is back, or removed', () => {
    expect(outcome({ ...lost, ended_at: null, ending: null })).toBe('is away');
    const ended_at = '2026-11-27T10:04:00Z';
    expect(outcome({ ...lost, ended_at, ending: 'back' })).toMatch(/away for 4m.*came back at/);
    expect(outcome({ ...lost, ended_at, ending: 'removed' })).toMatch(/removed from the Swarm$/);
  });
});
