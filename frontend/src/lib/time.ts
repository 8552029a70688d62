import { Store } from './store';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "now", "3m ago", "2h ago", "5d ago"; a clock that runs ahead counts as now. */
export function ago(at: string, now: number): string {
  const ms = now - Date.parse(at);
  if (Number.isNaN(ms)) return '';
  if (ms < MINUTE) return 'just now';
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h ago`;
  return `${Math.floor(ms / DAY)}d ago`;
}

/** How long something has been so: "under a minute", "3m", "2h", "5d". */
export function lasted(since: string, now: number): string {
  const past = ago(since, now);
  return past === 'just now' ? 'under a minute' : past.replace(/ ago$/, '');
}

/** "0.2 s", "12 s", "3m 05s", "51m", "1h 02m". */
export function duration(ms: number): string {
  const safe = Math.max(0, ms);
  if (safe < 9_950) return `${(safe / 1000).toFixed(1)} s`;
  const seconds = Math.round(safe / 1000);
  if (seconds < 60) return `${seconds} s`;
  const rest = (n: number, unit: string) =>
    n === 0 ? '' : ` ${String(n).padStart(2, '0')}${unit}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${rest(seconds % 60, 's')}`;
  return `${Math.floor(seconds / 3600)}h${rest(Math.floor((seconds % 3600) / 60), 'm')}`;
}

/** How long from `start` to `end`, or to now while there is no end. */
export function between(
  start: string | null | undefined,
  end: string | null | undefined,
  now: number,
) {
  if (!start) return null;
  return duration((end ? Date.parse(end) : now) - Date.parse(start));
}

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const SHORT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const clock = (at: string): string => format(CLOCK, at);
export const full = (at: string): string => format(FULL, at);
/** As `full`, without the seconds: for a date that is read, rather than looked up. */
export const short = (at: string): string => format(SHORT, at);

function format(how: Intl.DateTimeFormat, at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : how.format(date);
}

/** One clock for every "3m ago" of the page; it ticks only while somebody watches. */
class Ticker extends Store<number> {
  #timer: ReturnType<typeof setInterval> | undefined;
  #watching = 0;

  constructor(private readonly every: number) {
    super(Date.now());
  }

  override watch(tell: () => void): () => void {
    const leave = super.watch(tell);
    if (this.#watching++ === 0) {
      this.set(Date.now());
      this.#timer = setInterval(() => this.set(Date.now()), this.every);
    }
    return () => {
      leave();
      if (--this.#watching === 0) clearInterval(this.#timer);
    };
  }
}

export const minutes = new Ticker(20_000);
export const seconds = new Ticker(1_000);
