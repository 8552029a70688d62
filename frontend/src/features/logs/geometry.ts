/** Where the rows of a long list stand, in pixels. Pure: no DOM. */

export const ROW = 20;

export type Geometry = {
  count: number;
  total: number;
  start: (index: number) => number;
  /** The row that covers this place; the nearest one where none does. */
  at: (offset: number) => number;
};

const within = (index: number, count: number) => Math.max(0, Math.min(index, count - 1));

/** Every row as high as the next. */
export const even = (count: number, height = ROW): Geometry => ({
  count,
  total: count * height,
  start: (index) => index * height,
  at: (offset) => within(Math.floor(offset / height), count),
});

/** Rows of their own heights. */
export function uneven(heights: readonly number[]): Geometry {
  const starts = new Float64Array(heights.length + 1);
  heights.forEach((height, index) => {
    starts[index + 1] = (starts[index] ?? 0) + height;
  });
  const count = heights.length;
  return {
    count,
    total: starts[count] ?? 0,
    start: (index) => starts[index] ?? 0,
    at: (offset) => {
      let low = 0;
      let high = count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((starts[middle + 1] ?? 0) <= offset) low = middle + 1;
        else high = middle;
      }
      return within(low, count);
    },
  };
}

/** How high a line of this length will be where it wraps, until it is measured. */
export const guess = (length: number, columns: number): number =>
  Math.max(1, Math.ceil(length / Math.max(1, columns))) * ROW;

/** How many lines are laid out where lines wrap, and how near its edge one may come. */
export const WRAPPED = 20_000;
const MARGIN = 2_000;

/**
 * The first line of those that are laid out where lines wrap: the same as before, until what is
 * looked at comes near the edge.
 */
export function wrappedBase(count: number, focus: number, base: number): number {
  if (count <= WRAPPED) return 0;
  const most = count - MARGIN;
  const inside =
    (focus >= base + MARGIN || base === 0) && focus <= base + WRAPPED - MARGIN && base < most;
  return inside ? base : Math.max(0, Math.min(focus - WRAPPED / 2, most));
}
