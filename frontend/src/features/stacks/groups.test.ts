import { describe, expect, it } from 'vitest';

import { inGroups } from './groups';
import { layout, type Placed } from './topology';

const service = (name: string, part: Partial<Placed> = {}): Placed => ({
  name,
  urls: [],
  volumes: [],
  depends_on: [],
  ...part,
});
const many = (prefix: string, count: number, part: Partial<Placed> = {}) =>
  Array.from({ length: count }, (_, number) => service(`${prefix}-${number}`, part));
const NONE = new Set<string>();
const names = (services: Placed[], opened: ReadonlySet<string> = NONE) =>
  inGroups(services, opened).placed.map(({ name }) => name);

describe('the groups of a map', () => {
  it('are none where every service has room', () => {
    expect(names(many('api', 60))).toHaveLength(60);
    expect(inGroups(many('api', 60), NONE).of.size).toBe(0);
  });

  it('are what begins alike, and leave the others as they are', () => {
    const services = [...many('api', 40), service('gateway'), ...many('worker', 30)];
    expect(names(services)).toEqual(['api-*', 'gateway', 'worker-*']);
    const { closed } = inGroups(services, NONE);
    expect(closed.get('worker-*')?.services).toHaveLength(30);
  });

  it('count volumes as boxes, and keep those in the box that nothing else mounts', () => {
    const own = Array.from({ length: 40 }, (_, at) => service(`db-${at}`, { volumes: [`d${at}`] }));
    const services = [...own, service('backup', { volumes: ['d0'] })];
    const { placed } = inGroups(services, NONE);
    expect(placed.map(({ name, volumes }) => [name, volumes])).toEqual([
      ['db-*', ['d0']],
      ['backup', ['d0']],
    ]);
  });

  it('are told apart by the first part that not all have', () => {
    const services = [...many('shop-api', 40), ...many('shop-worker', 40)];
    expect(names(services)).toEqual(['shop-api-*', 'shop-worker-*']);
  });

  it('have a service with those that are named after it', () => {
    expect(names([service('api'), ...many('api', 70), service('db')])).toEqual(['api-*', 'db']);
  });

  it('are joined to what their services are joined to', () => {
    const services = [
      ...many('api', 40, { urls: ['http://api.localhost/'], depends_on: ['db-1', 'api-0'] }),
      ...many('db', 40),
    ];
    const map = layout(inGroups(services, NONE).placed);
    expect(map.edges.map(({ from, to }) => `${from.name || 'Traefik'} → ${to.name}`)).toEqual([
      'Traefik → api-*',
      'api-* → db-*',
    ]);
  });

  it('open one by one', () => {
    const services = [...many('api', 40), ...many('worker', 40)];
    const opened = names(services, new Set(['worker-*']));
    expect(opened).toHaveLength(41);
    expect(opened[0]).toBe('api-*');
    expect(inGroups(services, new Set(['worker-*'])).of.get('worker-3')?.name).toBe('worker-*');
  });
});
