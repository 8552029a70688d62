import type { LogLine } from '~/api/schema.gen';

/**
 * The lines of a log that this page keeps. A plain array, so that 100,000 lines cost no more than
 * their text; whoever shows it watches `version`.
 */
export class LogBuffer {
  readonly lines: LogLine[] = [];
  /** Lines that fell out at the old end because there were too many. */
  dropped = 0;
  #version = 0;
  #watchers = new Set<() => void>();

  constructor(private readonly cap = 200_000) {}

  /** The id to go on from. */
  get last(): number | undefined {
    return this.lines.at(-1)?.id;
  }

  /** Takes lines in order; one that it already has, or an older one, is left out. */
  append(lines: readonly LogLine[]): void {
    const fresh = lines.filter(({ id }) => this.last === undefined || id > this.last);
    if (fresh.length === 0) return;
    for (const line of fresh) this.lines.push(named(line));
    const over = this.lines.length - this.cap;
    if (over > 0) {
      // In larger steps, so that a full buffer does not move on every line.
      const cut = Math.min(this.lines.length, over + Math.floor(this.cap / 10));
      this.lines.splice(0, cut);
      this.dropped += cut;
    }
    this.#version += 1;
    for (const tell of this.#watchers) tell();
  }

  version = (): number => this.#version;

  watch = (tell: () => void): (() => void) => {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  };
}

/** The indexes of the lines that contain `text`, in either case; null means all of them. */
export function find(lines: readonly LogLine[], text: string, service: string): number[] | null {
  if (!text && !service) return null;
  const wanted = text.toLowerCase();
  const found: number[] = [];
  lines.forEach((line, index) => {
    if (service && line.service !== service) return;
    if (!wanted || line.line.toLowerCase().includes(wanted)) found.push(index);
  });
  return found;
}

/** Where the line `id` stands among the lines that are shown, as {@link find} tells them. */
export function placeOf(
  lines: readonly LogLine[],
  shown: readonly number[] | null,
  id: number,
): number | undefined {
  let low = 0;
  let high = (shown?.length ?? lines.length) - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const here = lines[shown ? (shown[middle] ?? 0) : middle]?.id ?? 0;
    if (here === id) return middle;
    if (here < id) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

/** A job's lines are told apart from those of its own image's build, also in the filter. */
const named = (line: LogLine): LogLine =>
  line.source === 'job' ? { ...line, service: `${line.service} (job)` } : line;
