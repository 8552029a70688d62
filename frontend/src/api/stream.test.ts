import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { connection, onChange, readChange, staleKeys, Staleness, startStream } from './stream';

class FakeSource extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 0;

  constructor(readonly url: string) {
    super();
    FakeSource.all.push(this);
  }

  close() {
    this.readyState = FakeSource.CLOSED;
  }

  open() {
    this.readyState = FakeSource.OPEN;
    this.dispatchEvent(new Event('open'));
  }

  send(type: string, data: string) {
    this.dispatchEvent(new MessageEvent(type, { data }));
  }

  fail(readyState: number) {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }
}

const newest = (): FakeSource => {
  const source = FakeSource.all.at(-1);
  if (!source) throw new Error('no stream was opened');
  return source;
};

describe('the stream', () => {
  let client: QueryClient;
  let stop: () => void;
  const signedOut = vi.fn<() => void>();

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('EventSource', FakeSource);
    FakeSource.all = [];
    client = new QueryClient();
    client.setQueryData(['stacks', {}], 1);
    client.setQueryData(['stack', 'shop'], 1);
    client.setQueryData(['rules'], 1);
    client.setQueryData(['rule-matches', {}], 1);
    stop = startStream(client, signedOut);
  });

  afterEach(() => {
    stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
    signedOut.mockReset();
  });

  const isStale = (...key: unknown[]) => client.getQueryState(key)?.isInvalidated;

  it('marks what a change names, and nothing else', async () => {
    newest().open();
    newest().send('change', '{"topic":"stack","id":"1"}');
    await vi.advanceTimersByTimeAsync(100);
    expect(isStale('stack', 'shop')).toBe(true);
    expect(isStale('stacks', {})).toBe(true);
    expect(isStale('rules')).toBe(false);
  });

  it('asks GitHub again a minute after something came of it, however much came', async () => {
    const marked = vi.spyOn(client, 'invalidateQueries');
    newest().open();
    newest().send('change', '{"topic":"delivery","id":"1"}');
    await vi.advanceTimersByTimeAsync(50_000);
    newest().send('change', '{"topic":"delivery","id":"2"}');
    await vi.advanceTimersByTimeAsync(9_900);
    expect(isStale('rule-matches', {})).toBe(false);
    marked.mockClear();
    await vi.advanceTimersByTimeAsync(200);
    expect(isStale('rule-matches', {})).toBe(true);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(marked).toHaveBeenCalledOnce();
  });

  it('marks everything when the server lost our place', async () => {
    newest().open();
    newest().send('reset', '');
    await vi.advanceTimersByTimeAsync(100);
    expect(isStale('rules')).toBe(true);
  });

  it('says that it is lost, and live again once the browser has reconnected', () => {
    newest().open();
    expect(connection.get().state).toBe('live');
    newest().fail(FakeSource.CONNECTING);
    expect(connection.get().state).toBe('lost');
    expect(FakeSource.all).toHaveLength(1);
    newest().open();
    expect(connection.get().state).toBe('live');
  });

  it('opens a new one where the server refuses the old one, and reads everything again', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ user: {} })));
    newest().open();
    newest().fail(FakeSource.CLOSED);
    await vi.advanceTimersByTimeAsync(600);
    expect(FakeSource.all).toHaveLength(2);
    newest().open();
    await vi.advanceTimersByTimeAsync(100);
    expect(isStale('rules')).toBe(true);
    expect(signedOut).not.toHaveBeenCalled();
  });

  it('asks anew after the machine slept, and says of when its data is until it has an answer', async () => {
    newest().open();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(FakeSource.all).toHaveLength(1);
    const asleep = Date.now();
    vi.setSystemTime(asleep + 3_600_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(FakeSource.all).toHaveLength(2);
    expect(FakeSource.all[0]?.readyState).toBe(FakeSource.CLOSED);
    expect(connection.get()).toEqual({ state: 'lost', since: asleep });
    newest().open();
    await vi.advanceTimersByTimeAsync(100);
    expect(connection.get().state).toBe('live');
    expect(isStale('rules')).toBe(true);
  });

  it('gives up where nobody is signed in any more', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(Response.json({}, { status: 401 })));
    newest().open();
    newest().fail(FakeSource.CLOSED);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(signedOut).toHaveBeenCalledOnce();
    expect(FakeSource.all).toHaveLength(1);
  });

  it('tells listeners of each change', () => {
    const tell = vi.fn<(change: unknown) => void>();
    const leave = onChange(tell);
    newest().send('change', '{"topic":"build_log","id":"d1"}');
    newest().send('change', 'not json');
    leave();
    newest().send('change', '{"topic":"build_log","id":"d2"}');
    expect(tell.mock.calls).toEqual([[{ topic: 'build_log', id: 'd1' }]]);
  });
});

describe('Staleness', () => {
  it('makes one round of a burst, and waits for its answers', async () => {
    vi.useFakeTimers();
    let finish = () => {};
    const invalidateQueries = vi.fn<() => Promise<void>>(
      () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    );
    const stale = new Staleness({ invalidateQueries });
    for (let n = 0; n < 100; n++) stale.mark(['stacks']);
    await vi.advanceTimersByTimeAsync(100);
    expect(invalidateQueries).toHaveBeenCalledTimes(1);
    stale.mark(['stacks']);
    await vi.advanceTimersByTimeAsync(500);
    expect(invalidateQueries).toHaveBeenCalledTimes(1);
    finish();
    await vi.advanceTimersByTimeAsync(100);
    expect(invalidateQueries).toHaveBeenCalledTimes(2);
    vi.useRealTimers();
  });
});

describe('readChange', () => {
  it('takes nothing but changes', () => {
    expect(readChange('{"topic":"rule","id":7}')).toEqual({ topic: 'rule', id: '7' });
    expect(readChange('null')).toBeNull();
    expect(readChange('[]')).toBeNull();
    expect(readChange('{')).toBeNull();
    expect(readChange('{"topic":1}')).toBeNull();
  });
});

describe('staleKeys', () => {
  it('takes a topic of a newer server for everything', () => {
    expect(staleKeys('rule')).toContain('rules');
    expect(staleKeys('tide')).toBe('all');
    expect(staleKeys('toString')).toBe('all');
  });
});
