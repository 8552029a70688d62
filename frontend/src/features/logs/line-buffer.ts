import type { ContainerLine } from '~/api/schema.gen';

/** Ids are decimal numbers that may be longer than JavaScript's: the longer one is the larger. */
export const compareIds = (a: string, b: string): number =>
  a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/** How many lines a page keeps. */
export const CAP = 200_000;

/**
 * The lines that this page keeps: one piece of the log without a gap, sorted by id. A plain array,
 * so that 100,000 lines cost no more than their text. At one end lines come, at the other they fall
 * out when there are too many; the server still has those.
 */
export class LineBuffer {
  lines: ContainerLine[] = [];
  /** Counts up whenever everything was replaced: places in the lines before mean nothing now. */
  generation = 0;
  /** How many lines came at the new end since everything was replaced. */
  appended = 0;

  constructor(private readonly cap = CAP) {}

  get first(): string | undefined {
    return this.lines[0]?.id;
  }

  get last(): string | undefined {
    return this.lines.at(-1)?.id;
  }

  /** Whether these many lines more would push others out. */
  isFullWith(more: number): boolean {
    return this.lines.length + more > this.cap;
  }

  replace(lines: ContainerLine[]): void {
    this.lines = lines;
    this.generation += 1;
    this.appended = 0;
  }

  /** Takes newer lines, and leaves out what it has. Says whether old ones fell out. */
  append(lines: readonly ContainerLine[]): boolean {
    const { last } = this;
    for (const line of lines) {
      if (last !== undefined && compareIds(line.id, last) <= 0) continue;
      this.lines.push(line);
      this.appended += 1;
    }
    const over = this.lines.length - this.cap;
    if (over <= 0) return false;
    // In larger steps, so that a full buffer does not move on every line.
    this.lines.splice(0, Math.min(this.lines.length, over + Math.floor(this.cap / 10)));
    return true;
  }

  /** Takes older lines, and leaves out what it has. Says whether new ones fell out. */
  prepend(lines: readonly ContainerLine[]): boolean {
    const { first } = this;
    const older = lines.filter(({ id }) => first === undefined || compareIds(id, first) < 0);
    if (older.length === 0) return false;
    this.lines = [...older, ...this.lines];
    if (this.lines.length <= this.cap) return false;
    this.lines.length = this.cap;
    return true;
  }

  /** Where the line is, or where it would be: the first one that is not before it. */
  place(id: string): number {
    let low = 0;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.lines[middle];
      if (there && compareIds(there.id, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  find(id: string): number | undefined {
    const place = this.place(id);
    return this.lines[place]?.id === id ? place : undefined;
  }

  /** The last line that was written at or before this time. */
  findTime(at: number): number | undefined {
    let low = 0;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Date.parse(this.lines[middle]?.at ?? '') <= at) low = middle + 1;
      else high = middle;
    }
    return this.lines.length === 0 ? undefined : Math.max(0, low - 1);
  }
}

/** How long the sieve works before it lets the page breathe, in milliseconds. */
const SLICE_MS = 8;

/** The lines that pass the test, a slice at a time; null when it was given up. */
export async function sift(
  lines: readonly ContainerLine[],
  passes: (line: ContainerLine) => boolean,
  signal: AbortSignal,
): Promise<ContainerLine[] | null> {
  const found: ContainerLine[] = [];
  let until = performance.now() + SLICE_MS;
  for (const [index, line] of lines.entries()) {
    if (passes(line)) found.push(line);
    if (index % 512 !== 511 || performance.now() < until) continue;
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((go) => setTimeout(go));
    if (signal.aborted) return null;
    until = performance.now() + SLICE_MS;
  }
  return signal.aborted ? null : found;
}
