/** Where the boxes of a stack's map stand. Pure: sizes in pixels, no DOM. */

/** Three columns fit a tablet. */
export const NODE = { width: 188, height: 56 };
const GAP = { x: 48, y: 16 };
/** Room for the labels above the boxes. */
const HEAD = 28;

export type MapNode = { id: string; x: number; y: number };
export type MapEdge = { from: MapNode; to: MapNode };
/** What stands in a column and those after it. */
export type MapLabel = { text: string; x: number };
export type StackMap = {
  nodes: MapNode[];
  edges: MapEdge[];
  labels: MapLabel[];
  width: number;
  height: number;
};

/** What the map needs to know of a service. */
export type Placed = { name: string; urls: readonly string[] };

/**
 * Traefik stands left, the services it routes to beside it, and those that only other services
 * reach in columns of the same height to the right. Without any route there is no Traefik.
 */
export function layout(services: readonly Placed[]): StackMap {
  const routed = services.filter((service) => service.urls.length > 0);
  const inner = services.filter((service) => service.urls.length === 0);
  const rows = Math.max(routed.length, Math.min(inner.length, 4), 1);
  const columns: string[][] = [];
  if (routed.length > 0) columns.push(routed.map((service) => service.name));
  for (let start = 0; start < inner.length; start += rows) {
    columns.push(inner.slice(start, start + rows).map((service) => service.name));
  }
  const left = routed.length > 0 ? 1 : 0;
  const nodes = columns.flatMap((names, column) =>
    names.map((id, row) => ({
      id,
      x: (column + left) * (NODE.width + GAP.x),
      y: HEAD + offset(names.length, rows) + row * (NODE.height + GAP.y),
    })),
  );
  const edges: MapEdge[] = [];
  if (left) {
    const traefik = { id: '', x: 0, y: HEAD + offset(1, rows) };
    edges.push(...nodes.slice(0, routed.length).map((to) => ({ from: traefik, to })));
    nodes.unshift(traefik);
  }
  const labels: MapLabel[] = [];
  if (left) labels.push({ text: 'Routed', x: NODE.width + GAP.x });
  if (inner.length > 0) {
    labels.push({ text: 'Inside the stack', x: (left ? 2 : 0) * (NODE.width + GAP.x) });
  }
  return {
    nodes,
    edges,
    labels,
    width: (columns.length + left) * (NODE.width + GAP.x) - GAP.x,
    height: HEAD + rows * (NODE.height + GAP.y) - GAP.y,
  };
}

/** Centres a column of `count` boxes in one of `rows`. */
function offset(count: number, rows: number): number {
  return ((rows - count) * (NODE.height + GAP.y)) / 2;
}

/** A curve from the right edge of one box to the left edge of another. */
export function curve({ from, to }: MapEdge): string {
  const x1 = from.x + NODE.width;
  const y1 = from.y + NODE.height / 2;
  const y2 = to.y + NODE.height / 2;
  const bend = (to.x - x1) / 2;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`;
}
