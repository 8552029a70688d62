import type { LogFilter } from '~/api/container-logs';
import type { ContainerLine, LogLevel } from '~/api/schema.gen';
import { isAgo, moment, since } from '~/lib/moment';
import { oneOf, text } from '~/lib/search';

/** The address of the page: `/stacks/:stack/logs ?service &q &level &since &until &at &wrap`. */
export type LogSearch = {
  /** Names with commas between them; none means all. */
  service?: string | undefined;
  q?: string | undefined;
  level?: LogLevel | undefined;
  /** A time, or how far back from now: "15m", "1h", "7d". */
  since?: string | undefined;
  until?: string | undefined;
  /** The line that is selected: its id, or a time that it was written at. */
  at?: string | undefined;
  wrap?: true | undefined;
};

/** What the address of a deployment says of its build log: `?q &service &at &wrap`. */
export type BuildLogSearch = {
  q?: string | undefined;
  service?: string | undefined;
  /** The id of the line that is selected. */
  at?: string | undefined;
  /** Without it, lines wrap where the page is as narrow as a phone. */
  wrap?: boolean | undefined;
};

export const LEVELS = ['error', 'warn', 'info', 'debug'] as const satisfies readonly LogLevel[];

export const LEVEL_WORDS = {
  error: 'Errors only',
  warn: 'Warnings and errors',
  info: 'Without debug',
  debug: 'All levels',
} satisfies Record<LogLevel, string>;

const SEVERITY = { error: 3, warn: 2, info: 1, debug: 0 } satisfies Record<LogLevel, number>;

/** How far back one looks mostly. */
export const RANGES = [
  { value: '15m', label: 'Last 15 minutes', empty: 'in the last 15 minutes' },
  { value: '1h', label: 'Last hour', empty: 'in the last hour' },
  { value: '24h', label: 'Last 24 hours', empty: 'in the last 24 hours' },
  { value: '7d', label: 'Last 7 days', empty: 'in the last 7 days' },
] as const;

/** Reads what anybody can have written into the address. */
export function readSearch(search: Record<string, unknown>): LogSearch {
  const { service } = search;
  const until = moment(search.until);
  return {
    service: Array.isArray(service)
      ? text(service.map(text).filter(Boolean).join(','))
      : text(service),
    q: text(search.q),
    // "All levels" is what there is without a choice.
    level: oneOf(search.level, ['error', 'warn', 'info'] as const),
    since: moment(search.since),
    until: until && !isAgo(until) ? until : undefined,
    at: text(search.at),
    wrap: flag(search.wrap) || undefined,
  };
}

/** The same for a build log, whose lines have numbers for ids. */
export function readBuildLogSearch(search: Record<string, unknown>): BuildLogSearch {
  const at = text(search.at);
  return {
    q: text(search.q),
    service: text(search.service),
    at: at && /^\d{1,15}$/.test(at) ? at : undefined,
    wrap: flag(search.wrap),
  };
}

function flag(value: unknown): boolean | undefined {
  if (value === true || value === 'true' || value === 1) return true;
  return value === false || value === 'false' ? false : undefined;
}

export const chosen = ({ service }: Pick<LogSearch, 'service'>): string[] =>
  service ? [...new Set(service.split(',').filter(Boolean))].toSorted() : [];

/** What the server is asked for. */
export const asked = (search: LogSearch, now: number): LogFilter => ({
  service: chosen(search),
  level: search.level,
  q: search.q,
  since: since(search.since, now),
  until: search.until,
});

/** Whether the address names a time and not a line. */
export const isTime = (at: string): boolean => /^\d{4}-\d\d-\d\dT/.test(at);

/** Whether anything but the time leaves lines out. */
export const isFiltered = (search: LogSearch): boolean =>
  Boolean(search.service || search.q || search.level);

/** A test for one line that says what the server would. Made once for many lines. */
export function matcher(filter: LogFilter): (line: ContainerLine) => boolean {
  const services = new Set(filter.service);
  const least = filter.level ? SEVERITY[filter.level] : 0;
  const q = filter.q?.toLowerCase() ?? '';
  const from = filter.since ? Date.parse(filter.since) : -Infinity;
  const to = filter.until ? Date.parse(filter.until) : Infinity;
  const timed = from !== -Infinity || to !== Infinity;
  return (line) => {
    if (services.size > 0 && !services.has(line.service)) return false;
    // A line that names no level counts as one that informs.
    if (least > 0 && SEVERITY[line.level ?? 'info'] < least) return false;
    if (timed) {
      const at = Date.parse(line.at);
      if (at < from || at >= to) return false;
    }
    return q === '' || line.text.toLowerCase().includes(q);
  };
}

/** Whether everything that `next` shows is among what `wide` shows. */
export function isWithin(next: LogSearch, wide: LogSearch): boolean {
  const mine = chosen(next);
  const theirs = chosen(wide);
  return (
    next.since === wide.since &&
    next.until === wide.until &&
    (theirs.length === 0 || (mine.length > 0 && mine.every((name) => theirs.includes(name)))) &&
    SEVERITY[next.level ?? 'debug'] >= SEVERITY[wide.level ?? 'debug'] &&
    (next.q ?? '').toLowerCase().includes((wide.q ?? '').toLowerCase())
  );
}

/** A time as a field of the kind `datetime-local` has it, and back. */
export function toField(at: string | undefined): string {
  const time = Date.parse(at ?? '');
  if (Number.isNaN(time)) return '';
  const local = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

export function fromField(value: string): string | undefined {
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
