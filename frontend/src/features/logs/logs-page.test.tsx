import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { useState } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ContainerLine, ContainerLogPage } from '~/api/schema.gen';
import { containerLine, containerLines } from '~/test/line-fixtures';

import type { LogSearch } from './filter';
import { LogsPage } from './logs-page';

/** The browser's stream, which the test speaks through. */
class Stream extends EventTarget {
  static readonly CLOSED = 2;
  static open: Stream[] = [];
  readyState = 1;

  constructor(readonly url: string) {
    super();
    Stream.open.push(this);
  }
  tell(kind: string, data?: unknown) {
    this.dispatchEvent(
      data === undefined ? new Event(kind) : new MessageEvent(kind, { data: JSON.stringify(data) }),
    );
  }
  close() {
    Stream.open = Stream.open.filter((other) => other !== this);
  }
}

const asked: URL[] = [];
let lines: ContainerLine[] = [];
let more: Partial<ContainerLogPage> = {};
const server = setupServer(
  http.get('*/api/v1/stacks/:name/logs', ({ request }) => {
    const url = new URL(request.url);
    asked.push(url);
    const q = url.searchParams.get('q') ?? '';
    return HttpResponse.json({
      lines: lines.filter(({ text }) => text.includes(q)),
      older: false,
      newer: false,
      kept_since: null,
      services: ['api', 'store', 'web', 'worker'],
      troubles: [],
      ...more,
    } satisfies ContainerLogPage);
  }),
);
beforeAll(() => server.listen());
beforeEach(() => {
  vi.stubGlobal('EventSource', Stream);
  lines = containerLines(1, 14);
  more = {};
});
afterEach(() => {
  server.resetHandlers();
  asked.length = 0;
  Stream.open = [];
  vi.unstubAllGlobals();
});
afterAll(() => server.close());

const onSearch = vi.fn<(search: LogSearch) => void>();
const NO_SEARCH: LogSearch = {};
function Page({ first = NO_SEARCH }: { first?: LogSearch }) {
  const [search, setSearch] = useState(first);
  return (
    <LogsPage
      stack="shop"
      search={search}
      onSearch={(next) => {
        onSearch(next);
        setSearch(next);
      }}
    />
  );
}
const written = () => onSearch.mock.lastCall?.[0];
const grid = () => screen.findByRole('grid', { name: 'Log lines' });

describe('the logs page', () => {
  it('shows the lines as text, with their service and level, and says nothing aloud', async () => {
    lines = [containerLine(13), containerLine(11, { text: '<img src=x onerror=alert(1)>' })];
    render(<Page />);
    const table = await grid();
    const [first, second] = within(table).getAllByRole('row').slice(1);
    expect(first).toHaveTextContent('webINFO req GET /search?q=<b>herring</b> 200 11ms');
    expect(second).toHaveTextContent('worker');
    expect(second).toHaveTextContent('error: <img src=x onerror=alert(1)>');
    expect(table.querySelector('img, b')).toBeNull();
    expect(table).toHaveAttribute('aria-live', 'off');
  });

  it('adds new lines, and has one stream, which ends with the page', async () => {
    const { unmount } = render(<Page />);
    await screen.findByText('14 lines');
    expect(Stream.open).toHaveLength(1);
    expect(Stream.open[0]?.url).toBe('/api/v1/stacks/shop/logs/stream?after=14');
    Stream.open[0]?.tell('lines', containerLines(15, 20));
    await screen.findByText('20 lines');
    unmount();
    expect(Stream.open).toHaveLength(0);
  });

  describe('follows the newest line', () => {
    /** The grid as a browser lays it out, and the event that a browser sends when it has moved. */
    async function laidOut() {
      const table = await grid();
      let height = 100;
      let top = 0;
      const total = () => 36 + 20 * Number(table.getAttribute('aria-rowcount'));
      const put = (to: number) => {
        top = Math.max(0, Math.min(to, total() - height));
      };
      Object.defineProperties(table, {
        clientHeight: { get: () => height },
        scrollHeight: { get: total },
        scrollTop: { get: () => top, set: put },
      });
      return {
        rest: () => total() - top - height,
        resize: (to: number) => {
          height = to;
          put(top);
        },
        scrolled: (by = 0) => {
          put(top + by);
          fireEvent.scroll(table);
        },
        write: async (from: number, to: number) => {
          act(() => Stream.open[0]?.tell('lines', containerLines(from, to)));
          await screen.findByText(`${to} lines`);
        },
      };
    }
    const follows = () =>
      screen.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed') === 'true';

    it('while the page around it takes and gives room', async () => {
      render(<Page />);
      const view = await laidOut();
      await view.write(15, 60);
      expect(view.rest()).toBe(0);
      for (const heights of [[60], [140, 120], [90]]) {
        // The box was put at the end; the event comes when it has another height.
        heights.forEach(view.resize);
        view.scrolled();
        expect(follows()).toBe(true);
        expect(view.rest()).toBe(0);
      }
      await view.write(61, 120);
      expect(view.rest()).toBe(0);
    });

    it('until one goes up, by however little, and again from the end on', async () => {
      render(<Page />);
      const view = await laidOut();
      await view.write(15, 60);
      view.scrolled();
      view.scrolled(-5);
      expect(follows()).toBe(false);
      await view.write(61, 80);
      expect(view.rest()).toBe(405);
      expect(screen.getByRole('button', { name: '20 new' })).toBeVisible();
      view.scrolled(200);
      expect(follows()).toBe(false);
      view.scrolled(205);
      expect(follows()).toBe(true);
      await view.write(81, 90);
      expect(view.rest()).toBe(0);
    });
  });

  it('searches what is here at once, and lets the server look on', async () => {
    render(<Page />);
    await screen.findByText('14 lines');
    await userEvent.type(screen.getByRole('searchbox', { name: 'Search the lines' }), 'order');
    await screen.findByText('1 line');
    expect(written()).toMatchObject({ q: 'order' });
    expect((await grid()).querySelector('mark')).toHaveTextContent('order');
    expect(Stream.open.map(({ url }) => url)).toEqual([
      '/api/v1/stacks/shop/logs/stream?q=order&after=14',
    ]);
    expect(asked).toHaveLength(1);
  });

  it('chooses services and a level, and asks the server for them', async () => {
    render(<Page />);
    await screen.findByText('14 lines');
    await userEvent.click(screen.getByRole('button', { name: 'Services: All services' }));
    await userEvent.click(await screen.findByRole('menuitemcheckbox', { name: 'worker' }));
    expect(written()).toMatchObject({ service: 'worker' });
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Level' }), 'Errors only');
    await screen.findByText('1 line');
    expect(screen.getByRole('link', { name: 'Download' })).toHaveAttribute(
      'href',
      '/api/v1/stacks/shop/logs/download?service=worker&level=error',
    );
  });

  it('puts the line that was pressed into the address, and marks a range', async () => {
    render(<Page />);
    const table = await grid();
    fireEvent.click(within(table).getByText(/order placed/));
    await waitFor(() => expect(written()).toMatchObject({ at: '9' }));
    expect(screen.getByRole('region', { name: 'Selected' })).toHaveTextContent('api.2');
    fireEvent.click(within(table).getByText(/slow query/), { shiftKey: true });
    expect(await screen.findByText('3 lines')).toBeVisible();
    await waitFor(() => expect(written()).toMatchObject({ at: '7' }));
    fireEvent.keyDown(table, { key: 'Escape' });
    await waitFor(() => expect(written()?.at).toBeUndefined());
  });

  it('walks by the keyboard, and copies what is selected', async () => {
    const copy = vi.fn<(text: string) => Promise<void>>(() => Promise.resolve());
    vi.stubGlobal('navigator', { userAgent: '', clipboard: { writeText: copy } });
    render(<Page />);
    const table = await grid();
    fireEvent.keyDown(table, { key: 'Home' });
    fireEvent.keyDown(table, { key: 'ArrowDown' });
    fireEvent.keyDown(table, { key: 'ArrowDown', shiftKey: true });
    expect(within(table).getAllByRole('row', { selected: true })).toHaveLength(2);
    fireEvent.keyDown(table, { key: 'c', ctrlKey: true });
    await waitFor(() => expect(copy).toHaveBeenCalledOnce());
    const [first, second] = [containerLine(2), containerLine(3)];
    expect(copy.mock.lastCall?.[0]).toBe(
      `${first.at} web web.1 INFO req GET /cart 200 6ms\n${second.at} worker worker.2 ${second.text}`,
    );
  });

  it('says when the line of a link is not there', async () => {
    render(<Page first={{ at: '999' }} />);
    expect(await screen.findByText(/The line of this link is not here/)).toBeVisible();
    expect(asked.map(({ search }) => search)).toEqual(['?around=999&limit=1000']);
  });

  it('opens around the line of a link, and does not follow', async () => {
    more = { newer: true };
    render(<Page first={{ at: '9' }} />);
    const row = await screen.findByRole('row', { selected: true });
    expect(row).toHaveTextContent('order placed');
    expect(asked[0]?.searchParams.get('around')).toBe('9');
    expect(screen.getByRole('button', { name: 'Follow' })).toHaveAttribute('aria-pressed', 'false');
  });

  it('keeps the line that was found when the search is cleared', async () => {
    render(<Page />);
    await screen.findByText('14 lines');
    const field = screen.getByRole('searchbox');
    await userEvent.type(field, 'order');
    await screen.findByText('1 line');
    fireEvent.click(within(await grid()).getByText('order'));
    await waitFor(() => expect(written()).toMatchObject({ at: '9' }));
    await userEvent.clear(field);
    await screen.findByText('14 lines');
    expect(screen.getByRole('row', { selected: true })).toHaveTextContent('order placed');
    expect(written()).toMatchObject({ q: undefined, at: '9' });
  });

  it('says what is missing, and that the stream is lost', async () => {
    more = {
      troubles: [
        {
          service: null,
          node: 'harbour-3',
          since: '2026-11-27T08:00:00Z',
          message: 'the node `harbour-3` can’t be reached.',
        },
      ],
    };
    render(<Page />);
    await screen.findByText(/can’t be reached/);
    expect(screen.getByText('harbour-3')).toBeVisible();
    Stream.open[0]?.tell('open');
    Stream.open[0]?.tell('error');
    expect(await screen.findByText(/trying again/)).toHaveTextContent(/Data from \d\d:\d\d:\d\d/);
    Stream.open[0]?.tell('open');
    await waitFor(() => expect(screen.queryByText(/trying again/)).toBeNull());
    Stream.open[0]?.tell('troubles', []);
    await waitFor(() => expect(screen.queryByText(/can’t be reached/)).toBeNull());
  });

  it.each<[string, LogSearch, string, string]>([
    ['nothing was written', {}, 'No output yet', ''],
    ['nothing in a time', { since: '1h' }, 'No output in the last hour', 'Last 24 hours'],
    ['nothing matches', { q: 'zzz' }, 'No line matches', 'Clear the filter'],
    [
      'nothing matches in a time',
      { q: 'z', since: '1h' },
      'in the last hour',
      'Search everything kept',
    ],
  ])('has a way on where %s', async (_, search, title, way) => {
    lines = [];
    render(<Page first={search} />);
    await screen.findByText(title, { exact: false });
    if (way) await userEvent.click(screen.getByRole('button', { name: way }));
    expect(screen.queryByText('Loading')).toBeNull();
  });

  it('takes a time of one’s own choice, and says when its ends are the wrong way round', async () => {
    render(<Page />);
    await screen.findByText('14 lines');
    await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Time range' }), 'Between…');
    const take = (name: string, value: string) => {
      const field = screen.getByLabelText(name);
      fireEvent.change(field, { target: { value } });
      fireEvent.blur(field);
    };
    take('From', '2026-11-27T06:00:00');
    expect(written()?.since).toBe(new Date('2026-11-27T06:00:00').toISOString());
    await waitFor(() => expect(asked.at(-1)?.searchParams.get('since')).toBe(written()?.since));
    take('To', '2026-11-27T05:00:00');
    expect(screen.getByRole('alert')).toHaveTextContent('has to come after');
    expect(written()?.until).toBeUndefined();
    take('To', '2026-11-27T07:00:00');
    expect(written()?.until).toBe(new Date('2026-11-27T07:00:00').toISOString());
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('says what failed, and tries again', async () => {
    server.use(
      http.get(
        '*/api/v1/stacks/:name/logs',
        () =>
          HttpResponse.json({ title: 'The store is away.', request_id: 'r-1' }, { status: 503 }),
        { once: true },
      ),
    );
    render(<Page />);
    expect(await screen.findByRole('alert')).toHaveTextContent('The store is away.');
    await userEvent.click(screen.getByRole('button', { name: 'Retry' }));
    expect(await grid()).toBeVisible();
  });
});
