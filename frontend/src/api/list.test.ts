import { QueryClient } from '@tanstack/react-query';
import { renderHook } from '@testing-library/react';
import { expect, test, vi } from 'vitest';

import { readList, readMoving, useSight, type ListData, type ListPage } from './list';

type Row = { id: number };

const KEY = ['rows'];
const SIZE = 10;

/** A server with rows, highest number first, as events are: a cursor is the last row of a page. */
class Server {
  asked: string[] = [];
  rows: number[];

  constructor(count: number) {
    this.rows = Array.from({ length: count }, (_, place) => count - place);
  }

  read = (cursor: string | undefined, limit: number): Promise<ListPage<Row>> => {
    this.asked.push(`${cursor ?? 'top'} ${limit}`);
    const after = this.rows.filter((id) => cursor === undefined || id < Number(cursor));
    const items = after.slice(0, limit);
    const last = after.length > limit ? items.at(-1) : undefined;
    return Promise.resolve({
      items: items.map((id) => ({ id })),
      next_cursor: last === undefined ? null : String(last),
    });
  };
}

async function open(server: Server, pages: number) {
  const client = new QueryClient();
  const query = {
    queryKey: KEY,
    queryFn: readList<Row>(SIZE, ({ id }) => String(id), server.read),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: ListPage<Row>) => last.next_cursor ?? undefined,
  };
  await client.fetchInfiniteQuery({ ...query, pages });
  server.asked = [];
  const data = () => client.getQueryData<ListData<Row>>(KEY)!;
  return {
    data,
    ids: () => data().pages.flatMap(({ items }) => items.map(({ id }) => id)),
    again: () => client.fetchInfiniteQuery({ ...query, staleTime: 0 }),
  };
}

const { result } = renderHook(() => useSight(() => {}));
const see = (...pages: (object | undefined)[]) =>
  pages.forEach((page) => page && result.current(page, true));

test('a list that is read again asks for its first page and for those in sight', async () => {
  const server = new Server(1_000);
  const list = await open(server, 40);
  const before = list.data().pages;
  see(before[20], before[21]);
  await list.again();
  expect(server.asked).toEqual(['top 20', '801 20', '791 20']);
  // The others are the very same: nothing is drawn again.
  expect(list.data().pages[5]).toBe(before[5]);
  expect(list.ids()).toEqual(server.rows.slice(0, 400));
});

test('what is new comes on top, and nothing is lost or twice', async () => {
  const server = new Server(300);
  const list = await open(server, 10);
  server.rows.unshift(303, 302, 301);
  await list.again();
  expect(server.asked).toHaveLength(1);
  expect(list.ids()).toEqual(server.rows.slice(0, 103));
  expect(list.data().pages[0]?.items).toHaveLength(13);
});

test('a first page that has grown is parted, and more than a page of news is read to its end', async () => {
  const server = new Server(300);
  const list = await open(server, 10);
  for (let id = 301; id <= 345; id++) {
    server.rows.unshift(id);
    // oxlint-disable-next-line no-await-in-loop
    if (id % 3 === 0) await list.again();
  }
  expect(list.ids()).toEqual(server.rows.slice(0, list.ids().length));
  expect(Math.max(...list.data().pages.map(({ items }) => items.length))).toBeLessThanOrEqual(20);
  server.rows.unshift(...Array.from({ length: 35 }, (_, place) => 380 - place));
  await list.again();
  expect(list.ids()).toEqual(server.rows.slice(0, list.ids().length));
  expect(list.data().pages).toHaveLength(10);
});

test('what is gone goes, wherever the page ended', async () => {
  const server = new Server(100);
  const list = await open(server, 4);
  see(...list.data().pages);
  server.rows = server.rows.filter((id) => id !== 95 && id !== 91 && id !== 90);
  await list.again();
  expect(list.ids()).toEqual(server.rows.slice(0, list.ids().length));
});

test('where all of a page is gone, the next one stays', async () => {
  const server = new Server(100);
  const list = await open(server, 4);
  see(...list.data().pages);
  server.rows = server.rows.filter((id) => id > 90 || id <= 80);
  await list.again();
  expect(list.ids()).toEqual(server.rows.slice(0, 30));
});

test('the last page takes what comes after it', async () => {
  const server = new Server(25);
  const list = await open(server, 3);
  see(...list.data().pages);
  server.rows.push(0, -1);
  await list.again();
  expect(list.ids()).toEqual(server.rows);
});

test('a page that was not read is read once it comes into sight', async () => {
  const server = new Server(300);
  const list = await open(server, 10);
  const again = vi.fn<() => unknown>(() => list.again());
  const { result: sight } = renderHook(() => useSight(again));
  const look = () =>
    list
      .data()
      .pages.slice(3, 6)
      .forEach((page) => sight.current(page, true));
  server.rows = server.rows.filter((id) => id !== 255);
  await list.again();
  expect(list.ids()).toContain(255);
  look();
  await vi.waitFor(() => expect(list.ids()).not.toContain(255));
  // What was read is not read once more for being looked at.
  vi.useFakeTimers();
  look();
  expect(vi.getTimerCount()).toBe(0);
  expect(again).toHaveBeenCalledTimes(1);
  vi.useRealTimers();
});

test('a list whose items change places loses none and shows none twice', async () => {
  const server = new Server(30);
  const order = server.rows;
  // A cursor is the last row of a page; what follows is what stands behind it by now.
  const read = (cursor: string | undefined, limit: number): Promise<ListPage<Row>> => {
    const from = cursor === undefined ? 0 : order.indexOf(Number(cursor)) + 1;
    const items = order.slice(from, from + limit);
    const last = from + limit < order.length ? items.at(-1) : undefined;
    return Promise.resolve({
      items: items.map((id) => ({ id })),
      next_cursor: last === undefined ? null : String(last),
    });
  };
  const client = new QueryClient();
  const query = {
    queryKey: KEY,
    queryFn: readMoving(SIZE, read),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: ListPage<Row>) => last.next_cursor ?? undefined,
  };
  const ids = () =>
    client
      .getQueryData<ListData<Row>>(KEY)!
      .pages.flatMap(({ items }) => items.map(({ id }) => id));
  await client.fetchInfiniteQuery({ ...query, pages: 3 });
  expect(ids()).toEqual(order);

  // The last of the first page comes to the front, and one of the last page behind it.
  const moved = [order[9]!, order[25]!];
  order.splice(0, 30, ...moved, ...order.filter((id) => !moved.includes(id)));
  await client.fetchInfiniteQuery({ ...query, pages: 3, staleTime: 0 });
  expect(ids()).toEqual(order);
});
