import { api, take } from './client';
import type { ContainerLine, ContainerLogPage, LogLevel, LogTrouble } from './schema.gen';
import { retryAfter, whileVisible } from './reconnect';

/** What the server leaves out; the same words for a page, the stream and the download. */
export type LogFilter = {
  service: readonly string[];
  level?: LogLevel | undefined;
  q?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
};

/** Where a page lies; without any of them it holds the newest lines. */
export type LogPlace = {
  before?: string | undefined;
  after?: string | undefined;
  around?: string | undefined;
  limit?: number;
};

/** One part of what a stack's containers wrote, oldest line first. */
export const readLines = (
  stack: string,
  { service, ...filter }: LogFilter,
  place: LogPlace,
  signal: AbortSignal,
): Promise<ContainerLogPage> =>
  take(
    api.GET('/api/v1/stacks/{name}/logs', {
      params: { path: { name: stack }, query: { service: [...service], ...filter, ...place } },
      signal,
    }),
  );

/** For what the browser itself fetches: the stream and the file. */
function address(
  tail: 'stream' | 'download',
  stack: string,
  { service, ...filter }: LogFilter,
  place: Pick<LogPlace, 'after'> = {},
): string {
  const query = new URLSearchParams();
  if (service.length > 0) query.set('service', service.join(','));
  for (const [name, value] of Object.entries({ ...filter, ...place })) {
    if (value) query.set(name, value);
  }
  const text = query.toString();
  return `/api/v1/stacks/${encodeURIComponent(stack)}/logs/${tail}${text && `?${text}`}`;
}

/** Where the browser gets the same lines as a file. */
export const downloadAddress = (stack: string, filter: LogFilter): string =>
  address('download', stack, filter);

export type LogListener = {
  /** The id to go on from, asked for at every new connection. */
  after: () => string | undefined;
  onLines: (lines: ContainerLine[]) => void;
  onTroubles: (troubles: LogTrouble[]) => void;
  onOpen: () => void;
  onLost: () => void;
};

/**
 * What the containers write from now on, until the returned function is called. The browser resumes
 * by itself; where it can't (a refused stream, a tab that was hidden), it goes on after the last id.
 */
export function listenToLines(stack: string, filter: LogFilter, listener: LogListener): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let attempt = 0;
  let ended = false;

  const open = () => {
    if (ended || source) return;
    const mine = new EventSource(address('stream', stack, filter, { after: listener.after() }));
    source = mine;
    mine.addEventListener('open', () => {
      attempt = 0;
      listener.onOpen();
    });
    mine.addEventListener('lines', (event: MessageEvent<string>) => {
      const lines = list(event.data);
      if (lines) listener.onLines(lines as ContainerLine[]);
    });
    mine.addEventListener('troubles', (event: MessageEvent<string>) => {
      const troubles = list(event.data);
      if (troubles) listener.onTroubles(troubles as LogTrouble[]);
    });
    mine.addEventListener('error', () => {
      if (mine !== source) return;
      listener.onLost();
      if (mine.readyState !== EventSource.CLOSED) return;
      close();
      retry = setTimeout(open, retryAfter(attempt++));
    });
  };
  const close = () => {
    source?.close();
    source = undefined;
    clearTimeout(retry);
  };
  const leave = whileVisible(open, close);
  return () => {
    ended = true;
    leave();
  };
}

function list(data: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(data);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
