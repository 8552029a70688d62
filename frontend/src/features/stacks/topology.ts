/**
 * Where the boxes of a stack's map stand, and what joins them. Pure: sizes in pixels, no DOM; how
 * well something is, and how a box looks, is not known here.
 */

/** Three columns fit a tablet. */
export const NODE = { width: 170, height: 56 };
const GAP = { x: 42, y: 16 };
/** Room for the labels above the boxes. */
const HEAD = 28;
/** As many boxes above each other, where no more are routed: the map stays lower than the page. */
const ROWS = 4;

export type NodeKind = 'traefik' | 'service' | 'volume';
/** `name` is the service's, or the volume's on the Swarm; `id` is one of all kinds. */
export type MapNode = { id: string; kind: NodeKind; name: string; x: number; y: number };
/** From who asks to who is asked. */
export type MapEdge = { from: MapNode; to: MapNode };
/** What stands in a column and those after it. */
export type MapLabel = { text: string; x: number };
export type StackMap = {
  /** In the order of reading: column by column. */
  nodes: MapNode[];
  edges: MapEdge[];
  labels: MapLabel[];
  width: number;
  height: number;
};

/** What the map needs to know of a service. */
export type Placed = {
  name: string;
  urls: readonly string[];
  volumes: readonly string[];
  depends_on: readonly string[];
};

const TRAEFIK = idOf('traefik', '');

/**
 * From left to right: Traefik, the services that it routes to, those that only other services
 * reach, what waits for another one before it, and the volumes. Without any route there is no
 * Traefik. What does not fit a column goes on in the next.
 */
export function layout(services: readonly Placed[]): StackMap {
  const names = new Set(services.map(({ name }) => name));
  const joins = services.flatMap(({ name, urls, depends_on, volumes }) => {
    const from = idOf('service', name);
    return [
      ...(urls.length > 0 ? [{ from: TRAEFIK, to: from }] : []),
      ...depends_on
        .filter((other) => other !== name && names.has(other))
        .map((other) => ({ from, to: idOf('service', other) })),
      ...volumes.map((volume) => ({ from, to: idOf('volume', volume) })),
    ];
  });
  const routed = services.filter(({ urls }) => urls.length > 0);
  const inner = services.filter(({ urls }) => urls.length === 0);
  const volumes = [...new Set(services.flatMap((service) => service.volumes))].toSorted();
  const levels = inLevels(inner);
  const most = Math.max(volumes.length, ...levels.map((level) => level.length));
  const rows = Math.max(routed.length, Math.min(most, ROWS), 1);

  const nodes: MapNode[] = [];
  const labels: MapLabel[] = [];
  let column = 0;
  const place = (kind: NodeKind, all: readonly string[], label?: string) => {
    const x = () => column * (NODE.width + GAP.x);
    if (label && all.length > 0) labels.push({ text: label, x: x() });
    const ordered = byNeighbours(all, (name) => idOf(kind, name), joins, nodes);
    for (let start = 0; start < ordered.length; start += rows, column++) {
      const here = ordered.slice(start, start + rows);
      const top = HEAD + ((rows - here.length) * (NODE.height + GAP.y)) / 2;
      for (const [row, name] of here.entries()) {
        const y = top + row * (NODE.height + GAP.y);
        nodes.push({ id: idOf(kind, name), kind, name, x: x(), y });
      }
    }
  };
  if (routed.length > 0) place('traefik', ['']);
  place('service', routed.map(nameOf), 'Routed');
  for (const [depth, level] of levels.entries()) {
    place('service', level.map(nameOf), depth === 0 ? 'Inside the stack' : undefined);
  }
  place('volume', volumes, 'Volumes');

  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = joins.flatMap((join) => {
    const from = byId.get(join.from);
    const to = byId.get(join.to);
    return from && to ? [{ from, to }] : [];
  });
  return {
    nodes,
    edges,
    labels,
    width: Math.max(column, 1) * (NODE.width + GAP.x) - GAP.x,
    height: HEAD + rows * (NODE.height + GAP.y) - GAP.y,
  };
}

const nameOf = ({ name }: Placed): string => name;

export function idOf(kind: NodeKind, name: string): string {
  return `${kind} ${name}`;
}

/** A node and all that it is joined to, by their ids. */
export function around(edges: readonly MapEdge[], id: string): Set<string> {
  const of = edges.filter(({ from, to }) => from.id === id || to.id === id);
  return new Set([id, ...of.flatMap(({ from, to }) => [from.id, to.id])]);
}

/** Who waits for another one stands in a level before it. */
function inLevels(services: readonly Placed[]): Placed[][] {
  const depths = new Map<string, number>();
  const depth = (of: Placed, above: readonly string[]): number => {
    const known = depths.get(of.name);
    if (known !== undefined) return known;
    const waiting = services.filter(
      // Berth refuses circles; a map of one is still drawn.
      ({ name, depends_on }) => depends_on.includes(of.name) && !above.includes(name),
    );
    const found = Math.max(0, ...waiting.map((service) => depth(service, [...above, of.name]) + 1));
    depths.set(of.name, found);
    return found;
  };
  const levels: Placed[][] = [];
  for (const service of services) (levels[depth(service, [service.name])] ??= []).push(service);
  return levels.filter(Boolean);
}

/** Beside what they are joined to, so that few edges cross; what is joined to nothing comes last. */
function byNeighbours(
  names: readonly string[],
  id: (name: string) => string,
  joins: readonly { from: string; to: string }[],
  placed: readonly MapNode[],
): string[] {
  const heights = new Map(placed.map((node) => [node.id, node.y]));
  const height = (name: string): number => {
    const ys = joins.flatMap(({ from, to }) => (to === id(name) ? (heights.get(from) ?? []) : []));
    return ys.length > 0 ? ys.reduce((sum, y) => sum + y, 0) / ys.length : Infinity;
  };
  const keyed = names.map((name) => ({ name, y: height(name) }));
  return keyed.toSorted((a, b) => (a.y === b.y ? 0 : a.y - b.y)).map(({ name }) => name);
}

/**
 * A curve from one box to another: between their sides, or round the right of a column. Past the
 * columns between them it goes straight, where none of their boxes is.
 */
export function curve({ from, to }: MapEdge, nodes: readonly MapNode[]): string {
  const [left, right] = from.x <= to.x ? [from, to] : [to, from];
  const x1 = left.x + NODE.width;
  const y1 = left.y + NODE.height / 2;
  const y2 = right.y + NODE.height / 2;
  if (left.x === right.x) {
    const bend = x1 + GAP.x / 2;
    return `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x1} ${y2}`;
  }
  const between = nodes.filter(({ x }) => x > left.x && x < right.x);
  if (between.length === 0) return `M${x1} ${y1}${bow(x1, y1, right.x, y2)}`;
  const y = lane(between, (y1 + y2) / 2);
  const enter = x1 + GAP.x;
  const leave = right.x - GAP.x;
  return `M${x1} ${y1}${bow(x1, y1, enter, y)}H${leave}${bow(leave, y, right.x, y2)}`;
}

function bow(x1: number, y1: number, x2: number, y2: number): string {
  const bend = (x2 - x1) / 2;
  return `C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

/** The height nearest to `wish` at which there is none of the boxes. */
function lane(boxes: readonly MapNode[], wish: number): number {
  const free = (y: number) => boxes.every((box) => y < box.y || y > box.y + NODE.height);
  const gaps = boxes.flatMap(({ y }) => [y - GAP.y / 2, y + NODE.height + GAP.y / 2]);
  const [nearest] = [wish, ...gaps]
    .filter(free)
    .toSorted((a, b) => Math.abs(a - wish) - Math.abs(b - wish));
  return nearest ?? wish;
}
