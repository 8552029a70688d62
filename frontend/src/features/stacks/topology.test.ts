import { describe, expect, it } from 'vitest';

import { layout, NODE } from './topology';

const service = (name: string, routed = false) => ({
  name,
  urls: routed ? [`http://${name}.localhost/`] : [],
});

describe('layout', () => {
  it('joins Traefik to what it routes to, and to nothing else', () => {
    const map = layout([service('web', true), service('db'), service('api', true)]);
    expect(map.edges.map(({ to }) => to.id)).toEqual(['web', 'api']);
    expect(map.nodes.map(({ id }) => id).toSorted()).toEqual(['', 'api', 'db', 'web']);
  });

  it('has no Traefik where nothing is routed', () => {
    const map = layout([service('worker'), service('db')]);
    expect(map.edges).toEqual([]);
    expect(map.nodes.map(({ id }) => id)).toEqual(['worker', 'db']);
  });

  it('fits a tablet with Traefik, what it routes to and one column more', () => {
    const { width } = layout([service('web', true), service('db')]);
    const [page, panel] = [2 * 24, 2 * 25];
    expect(width).toBeLessThanOrEqual(768 - page - panel);
  });

  it('never lets two boxes meet, or one leave the map', () => {
    for (let count = 0; count <= 40; count++) {
      const services = Array.from({ length: count }, (_, n) => service(`s${n}`, n % 3 === 0));
      const { nodes, width, height } = layout(services);
      for (const [index, a] of nodes.entries()) {
        expect(a.x).toBeGreaterThanOrEqual(0);
        expect(a.y).toBeGreaterThanOrEqual(0);
        expect(a.x + NODE.width).toBeLessThanOrEqual(width);
        expect(a.y + NODE.height).toBeLessThanOrEqual(height);
        for (const b of nodes.slice(index + 1)) {
          const apart = Math.abs(a.x - b.x) >= NODE.width || Math.abs(a.y - b.y) >= NODE.height;
          expect(apart, `${a.id} and ${b.id} of ${count}`).toBe(true);
        }
      }
    }
  });
});
