import { afterEach, describe, expect, it, vi } from 'vitest';

import type { LogListener, LogPlace } from '~/api/container-logs';
import type { ContainerLogPage } from '~/api/schema.gen';
import { containerLine, containerLines } from '~/test/line-fixtures';

import type { LogSearch } from './filter';
import { LineBuffer } from './line-buffer';
import { LogSession, type LogServer } from './log-session';

/** A server that has the lines 1001 to 4000, and one stream that the test speaks through. */
function harbour() {
  const asked: LogPlace[] = [];
  const streams: LogListener[] = [];
  const end = vi.fn<() => void>();
  const all = containerLines(1001, 4000);
  const read = vi.fn<LogServer['read']>(async (_stack, _filter, place) => {
    asked.push(place);
    const limit = place.limit ?? 1_000;
    let from = all.length - limit;
    if (place.before) from = all.findIndex(({ id }) => id === place.before) - limit;
    if (place.after) from = all.findIndex(({ id }) => id === place.after) + 1;
    if (place.around) from = all.findIndex(({ id }) => id === place.around) - limit / 2;
    const to =
      place.before && from < 0 ? from + limit : Math.min(all.length, Math.max(0, from) + limit);
    return page(all.slice(Math.max(0, from), to), { older: from > 0, newer: to < all.length });
  });
  const listen: LogServer['listen'] = (_stack, _filter, listener) => {
    streams.push(listener);
    return end;
  };
  return { asked, streams, end, read, server: { read, listen } };
}

const page = (
  lines: ContainerLogPage['lines'],
  part: Partial<ContainerLogPage> = {},
): ContainerLogPage => ({
  lines,
  older: false,
  newer: false,
  kept_since: null,
  services: ['api', 'web'],
  troubles: [],
  ...part,
});

const begun: LogSession[] = [];
afterEach(() => begun.splice(0).forEach((one) => one.stop()));

function look(search: LogSearch, server: LogServer, buffer?: LineBuffer): LogSession {
  const made = new LogSession('shop', search, server, buffer);
  begun.push(made);
  return made;
}

async function session(search: LogSearch = {}, at?: string, buffer = new LineBuffer()) {
  const there = harbour();
  const made = look(search, there.server, buffer);
  await made.start(at);
  return { made, ...there };
}

const ends = ({ buffer }: LogSession) => [Number(buffer.first), Number(buffer.last)];

describe('LogSession', () => {
  it('begins with the newest lines, and listens from the last one on', async () => {
    const { made, streams } = await session();
    expect(ends(made)).toEqual([3001, 4000]);
    expect(streams).toHaveLength(1);
    expect(streams[0]?.after()).toBe('4000');
    streams[0]?.onOpen();
    streams[0]?.onLines(containerLines(4000, 4002));
    expect(ends(made)).toEqual([3001, 4002]);
    expect(streams[0]?.after()).toBe('4002');
    expect(made.facts.link).toBe('live');
  });

  it('reads older lines until there are none', async () => {
    const { made, asked } = await session();
    await made.older();
    expect(asked.at(-1)).toMatchObject({ before: '3001' });
    expect(ends(made)).toEqual([1001, 4000]);
    expect(made.facts.older).toBe(false);
    await made.older();
    expect(asked).toHaveLength(2);
  });

  it('opens around a line, and listens only once it reached the end', async () => {
    const { made, streams } = await session({}, '2000');
    expect(ends(made)).toEqual([1500, 2499]);
    expect(made.facts).toMatchObject({ older: true, newer: true, link: 'off' });
    expect(streams).toHaveLength(0);
    await made.newer();
    expect(ends(made)).toEqual([1500, 4000]);
    expect(streams).toHaveLength(1);
  });

  it('does not listen where the time ends in the past', async () => {
    const { made, streams } = await session({ until: '2026-01-01T00:00:00Z' });
    expect(made.open).toBe(false);
    expect(streams).toHaveLength(0);
  });

  it('says that the stream is lost, and since when nothing was heard', async () => {
    const { made, streams } = await session();
    streams[0]?.onOpen();
    const { heardAt } = made.facts;
    streams[0]?.onLost();
    expect(made.facts).toMatchObject({ link: 'lost', heardAt });
    streams[0]?.onOpen();
    expect(made.facts.link).toBe('live');
  });

  it('looks once more when the stream opens on an empty page: a line may have come between', async () => {
    const there = harbour();
    there.read.mockResolvedValueOnce(page([]));
    const made = look({}, there.server);
    await made.start(undefined);
    expect(made.buffer.lines).toHaveLength(0);
    there.streams[0]?.onOpen();
    await vi.waitFor(() => expect(ends(made)).toEqual([3001, 4000]));
  });

  it('keeps what one reads: a full page lets the stream go, and reads on from where it was', async () => {
    const { made, streams, end } = await session({}, undefined, new LineBuffer(1_001));
    made.hold(true);
    streams[0]?.onLines(containerLines(4001, 4010));
    expect(end).toHaveBeenCalledOnce();
    expect(ends(made)).toEqual([3001, 4000]);
    expect(made.facts).toMatchObject({ newer: true, link: 'off' });
  });

  it('lets the oldest go where one follows, and can read them again', async () => {
    const { made, streams, end, read } = await session({}, undefined, new LineBuffer(1_000));
    streams[0]?.onLines(containerLines(4001, 4010));
    expect(end).not.toHaveBeenCalled();
    expect(ends(made)).toEqual([3111, 4010]);
    expect(made.facts).toMatchObject({ older: true, newer: false });
    await made.older();
    expect(read.mock.lastCall?.[2]).toMatchObject({ before: '3111' });
  });

  it('lets the newest go where older lines fill the page', async () => {
    const { made, end } = await session({}, undefined, new LineBuffer(1_500));
    await made.older();
    expect(ends(made)).toEqual([1001, 2500]);
    expect(end).toHaveBeenCalledOnce();
    expect(made.facts.newer).toBe(true);
    await made.newer();
    expect(made.buffer.last).toBe('4000');
  });

  it('begins a narrower look with what is here, and asks for nothing', async () => {
    const { made: wide, server, read, streams } = await session();
    const narrow = look({ level: 'error' }, server);
    await narrow.start(undefined, wide);
    expect(read).toHaveBeenCalledOnce();
    expect(narrow.buffer.lines.every(({ level }) => level === 'error')).toBe(true);
    expect(narrow.facts.older).toBe(true);
    // From the end of what was looked through, not from the last line that was found there.
    expect(streams.at(-1)?.after()).toBe('4000');
    await narrow.older();
    expect(read.mock.lastCall?.[2]).toMatchObject({ before: '3001' });
  });

  it('asks for a wider look, and for a line that is not here', async () => {
    const { made: narrow, server, read } = await session({ q: 'order' });
    const wide = look({}, server);
    await wide.start(undefined, narrow);
    expect(read).toHaveBeenCalledTimes(2);
    wide.seek('3500');
    expect(read).toHaveBeenCalledTimes(2);
    wide.seek('1200');
    wide.seek('1200');
    expect(read).toHaveBeenCalledTimes(3);
  });

  it('says what failed, and keeps the lines when a further page did not come', async () => {
    const { made, read } = await session();
    read.mockRejectedValueOnce(new Error('no answer'));
    await made.older();
    expect(made.facts).toMatchObject({ phase: 'ready', loadingOlder: false, older: true });
    expect(made.facts.moreError).toEqual(new Error('no answer'));
    expect(made.buffer.lines).toHaveLength(1_000);

    const there = harbour();
    there.read.mockRejectedValue(new Error('no answer'));
    const failed = look({}, there.server);
    await failed.start(undefined);
    expect(failed.facts.phase).toBe('failed');
  });

  it('ends its stream, and tells once for many parts', async () => {
    const { made, streams, end } = await session();
    await vi.waitFor(() => expect(made.version()).toBeGreaterThan(0));
    const before = made.version();
    for (let n = 4001; n < 4051; n++) streams[0]?.onLines([containerLine(n)]);
    await vi.waitFor(() => expect(made.version()).toBeGreaterThan(before));
    expect(made.version()).toBe(before + 1);
    made.stop();
    expect(end).toHaveBeenCalledOnce();
  });
});
