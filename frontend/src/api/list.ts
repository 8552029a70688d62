import type { InfiniteData, QueryClient, QueryKey } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';

/** A page of a list: it begins after the last item of the one before, whatever came or went. */
export type ListPage<T> = { items: T[]; next_cursor: string | null };

export type ListData<T> = InfiniteData<ListPage<T>>;

type Asked = {
  client: QueryClient;
  queryKey: QueryKey;
  pageParam: string | undefined;
  signal: AbortSignal;
};

/** What a page may show at once; what the server allows is twice that. */
export const SIZE = 50;
/** How long one has to rest at what is old before it is read again, in milliseconds. */
const REST_MS = 80;

const inSight = new WeakSet<object>();
const unread = new WeakSet<object>();

/**
 * Reads one page of a list. Where a list is read again, only its first page and those in sight are:
 * the others stay as they are, and are read once they come into sight. A page that is read again
 * ends where it ended, so that the pages after it go on from there.
 */
export function readList<T>(
  size: number,
  keyOf: (item: T) => string,
  read: (cursor: string | undefined, limit: number, signal: AbortSignal) => Promise<ListPage<T>>,
): (asked: Asked) => Promise<ListPage<T>> {
  return async ({ client, queryKey, pageParam, signal }) => {
    const known = client.getQueryData<ListData<T>>(queryKey);
    const at = known?.pageParams.indexOf(pageParam) ?? -1;
    const page = known?.pages[at];
    if (!known || !page) return fitted(await read(pageParam, size, signal), known, at, keyOf);
    if (at > 0 && !inSight.has(page)) {
      unread.add(page);
      return page;
    }
    const fresh = await read(pageParam, room(page.items.length, size, at, known), signal);
    unread.delete(page);
    return fitted(fresh, known, at, keyOf);
  };
}

/**
 * The same, of a list whose items change places: all of it is read again, each page from where the
 * one before ends by now, since no page ends where it ended.
 */
export function readMoving<T>(
  size: number,
  read: (cursor: string | undefined, limit: number, signal: AbortSignal) => Promise<ListPage<T>>,
): (asked: Asked) => Promise<ListPage<T>> {
  return ({ pageParam, signal }) => read(pageParam, size, signal);
}

/** As much as a page has, and what may have come between; a page that grew too long is parted. */
function room<T>(has: number, size: number, at: number, { pages }: ListData<T>): number {
  if (at === pages.length - 1) return Math.min(2 * size, Math.max(size, has));
  return has > 1.5 * size ? size : 2 * size;
}

/** Leaves out of `fresh` what the pages after it have. */
function fitted<T>(
  fresh: ListPage<T>,
  known: ListData<T> | undefined,
  at: number,
  keyOf: (item: T) => string,
): ListPage<T> {
  if (!known || at === known.pages.length - 1) return fresh;
  const cut = (end: number, next: number): ListPage<T> => ({
    items: fresh.items.slice(0, end),
    next_cursor: known.pages[next - 1]?.next_cursor ?? null,
  });
  const keys = fresh.items.map(keyOf);
  const last = known.pages[at]?.items.at(-1);
  const end = last ? keys.indexOf(keyOf(last)) : -1;
  if (end >= 0) return cut(end + 1, at + 1);
  // The last item is gone, or this page did not exist: it ends where another one begins.
  for (let next = Math.max(at, 0) + 1; next < known.pages.length; next++) {
    const first = known.pages[next]?.items[0];
    const begin = first ? keys.indexOf(keyOf(first)) : -1;
    if (begin >= 0) return cut(begin, next);
  }
  return fresh;
}

/** Keeps which pages are in sight, and has those read again that were not read when the rest was. */
export function useSight(readAgain: () => unknown): (page: object, near: boolean) => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (page, near) => {
      if (!near) {
        inSight.delete(page);
        return;
      }
      inSight.add(page);
      if (!unread.has(page)) return;
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void readAgain(), REST_MS);
    },
    [readAgain],
  );
}
