import { describe, expect, it } from 'vitest';

import { around, curve, idOf, layout, NODE, type MapEdge, type Placed } from './topology';

const service = (name: string, part: Partial<Placed> = {}): Placed => ({
  name,
  urls: [],
  volumes: [],
  depends_on: [],
  ...part,
});
const routed = (name: string, part: Partial<Placed> = {}) =>
  service(name, { urls: [`http://${name}.localhost/`], ...part });

const shown = ({ from, to }: MapEdge) => `${from.name || 'Traefik'} → ${to.name}`;
const names = (services: readonly Placed[]) =>
  layout(services).nodes.map(({ name }) => name || 'Traefik');

/** The names in each column, from the left. */
function columns(services: readonly Placed[]): string[] {
  const at = new Map<number, string[]>();
  for (const { name, x } of layout(services).nodes) {
    at.set(x, [...(at.get(x) ?? []), name || 'Traefik']);
  }
  return [...at].toSorted(([a], [b]) => a - b).map(([, column]) => column.join(' '));
}

describe('the map', () => {
  it('joins Traefik to what it routes to, and to nothing else', () => {
    const map = layout([routed('web'), service('db'), routed('api')]);
    expect(map.edges.map(shown)).toEqual(['Traefik → web', 'Traefik → api']);
    expect(map.nodes.map(({ id }) => id)).toEqual([
      'traefik ',
      'service web',
      'service api',
      'service db',
    ]);
  });

  it('has no Traefik where nothing is routed', () => {
    expect(layout([service('worker'), service('db')]).edges).toEqual([]);
    expect(names([service('worker'), service('db')])).toEqual(['worker', 'db']);
  });

  it('joins a service to what it waits for and to the volumes that it mounts', () => {
    const map = layout([
      routed('web', { depends_on: ['db', 'web', 'gone'] }),
      service('backup', { volumes: ['shop_data'] }),
      service('db', { volumes: ['shop_data'] }),
    ]);
    expect(map.edges.map(shown)).toEqual([
      'Traefik → web',
      'web → db',
      'backup → shop_data',
      'db → shop_data',
    ]);
    // One volume of two services is one box.
    expect(map.nodes.filter(({ kind }) => kind === 'volume')).toHaveLength(1);
  });

  it('goes from Traefik over the services to the volumes', () => {
    const shop = [
      routed('web', { depends_on: ['api'], volumes: ['uploads'] }),
      service('api', { depends_on: ['db'] }),
      service('db', { volumes: ['data'] }),
    ];
    expect(columns(shop)).toEqual(['Traefik', 'web', 'api', 'db', 'data uploads']);
    expect(layout(shop).labels.map(({ text }) => text)).toEqual([
      'Routed',
      'Inside the stack',
      'Volumes',
    ]);
  });

  it('puts what waits before what it waits for, however the services are named', () => {
    const chain = [
      service('a', { depends_on: [] }),
      service('b', { depends_on: ['a'] }),
      service('c', { depends_on: ['b', 'a'] }),
    ];
    expect(columns(chain)).toEqual(['c', 'b', 'a']);
  });

  it('is drawn even of services that wait for each other in a circle', () => {
    const circle = [
      service('a', { depends_on: ['b'] }),
      service('b', { depends_on: ['a'] }),
      service('c', { depends_on: ['c'] }),
    ];
    expect(names(circle).toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('puts boxes beside those that they are joined to', () => {
    const shop = [
      routed('a', { depends_on: ['z'] }),
      routed('b', { depends_on: ['y'] }),
      service('y', { volumes: ['first'] }),
      service('z', { volumes: ['second'] }),
    ];
    expect(columns(shop)).toEqual(['Traefik', 'a b', 'z y', 'second first']);
  });

  it('fits a tablet with Traefik, what it routes to and one column more', () => {
    const { width } = layout([routed('web'), service('db')]);
    const [page, panel] = [2 * 24, 2 * 25];
    expect(width).toBeLessThanOrEqual(768 - page - panel);
  });

  it('stays low, whatever is not routed', () => {
    const many = Array.from({ length: 30 }, (_, n) => service(`s${n}`, { volumes: [`v${n}`] }));
    expect(layout(many).height).toBeLessThanOrEqual(320);
  });

  it('never lets two boxes meet, or one leave the map', () => {
    for (let count = 0; count <= 40; count++) {
      const services = Array.from({ length: count }, (_, n) =>
        service(`s${n}`, {
          urls: n % 3 === 0 ? ['http://a.localhost/'] : [],
          volumes: n % 4 === 0 ? [`v${n % 8}`] : [],
          depends_on: n % 5 === 0 ? [`s${n + 1}`, `s${n + 7}`] : [],
        }),
      );
      const { nodes, width, height } = layout(services);
      expect(nodes.filter(({ kind }) => kind === 'service')).toHaveLength(count);
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

describe('around a box', () => {
  it('is what it is joined to in either direction, and no further', () => {
    const { edges } = layout([
      routed('web', { depends_on: ['db'] }),
      service('db', { volumes: ['data'] }),
    ]);
    expect([...around(edges, idOf('service', 'db'))].toSorted()).toEqual([
      'service db',
      'service web',
      'volume data',
    ]);
  });
});

describe('an edge', () => {
  const node = (name: string, x: number, y: number) =>
    ({ id: name, kind: 'service', name, x, y }) as const;
  const ends = (path: string) => {
    const [, x1, y1, rest] = /^M(\S+) (\S+)C(.*)$/.exec(path) ?? [];
    return [`${x1} ${y1}`, rest?.split(' ').slice(-2).join(' ')];
  };

  it('runs from the right of the left box to the left of the right one, whoever asks', () => {
    const nodes = [node('a', 0, 0), node('b', 212, 72)] as const;
    const [left, right] = nodes;
    expect(ends(curve({ from: left, to: right }, nodes))).toEqual(['170 28', '212 100']);
    expect(curve({ from: right, to: left }, nodes)).toBe(curve({ from: left, to: right }, nodes));
  });

  it('passes the columns between where no box of them is', () => {
    const [left, right] = [node('a', 0, 36), node('b', 424, 36)];
    const straight = (between: readonly ReturnType<typeof node>[]) => {
      const path = curve({ from: left, to: right }, [left, ...between, right]);
      expect(ends(path)).toEqual(['170 64', '424 64']);
      return /(\S+)H(\S+)C/.exec(path)?.slice(1);
    };
    // Between the two, below the one, or as it is where nothing is in the way.
    expect(straight([node('up', 212, 0), node('down', 212, 72)])).toEqual(['64', '382']);
    expect(straight([node('one', 212, 36)])).toEqual(['28', '382']);
    expect(straight([node('far', 212, 200)])).toEqual(['64', '382']);
  });

  it('goes round the right of boxes that stand above each other', () => {
    const path = curve({ from: node('a', 0, 0), to: node('b', 0, 72) }, []);
    expect(ends(path)).toEqual(['170 28', '170 100']);
    expect(path).toContain('C191 28');
  });
});
