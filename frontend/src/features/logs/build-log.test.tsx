import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { useState } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import type { LogLine } from '~/api/schema.gen';
import { logLine } from '~/test/log-fixtures';

import { BuildLog } from './build-log';
import { BuildLogSource } from './build-log-source';
import type { BuildLogSearch } from './filter';

const TEXTS = ['Compiling', 'npm warn old', 'Compiled', 'Migrating', 'done'];
const few = TEXTS.map((line, index) =>
  logLine(index + 1, { line, service: index < 3 ? 'web' : 'api' }),
);
let lines: LogLine[] = few;
const server = setupServer(
  http.get('*/api/v1/deployments/:id/log', ({ request }) => {
    const after = Number(new URL(request.url).searchParams.get('after') ?? 0);
    const items = lines.filter(({ id }) => id > after).slice(0, 2_000);
    return HttpResponse.json({ items, next_cursor: null });
  }),
);
const landed = vi.fn<() => void>();
beforeAll(() => server.listen());
beforeEach(() => {
  // Rows are in the page only where it has room.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(500);
  vi.spyOn(Element.prototype, 'scrollIntoView').mockImplementation(landed);
});
afterEach(() => {
  server.resetHandlers();
  lines = few;
  onSearch.mockClear();
  landed.mockClear();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});
afterAll(() => server.close());

const onSearch = vi.fn<(search: BuildLogSearch) => void>();
const NO_SEARCH: BuildLogSearch = {};
function Log({ first = NO_SEARCH }: { first?: BuildLogSearch }) {
  const [search, setSearch] = useState(first);
  return (
    <BuildLogSource id="d-1" live={false}>
      <BuildLog
        live={false}
        search={search}
        onSearch={(next) => {
          onSearch(next);
          setSearch(next);
        }}
      />
    </BuildLogSource>
  );
}
const written = () => onSearch.mock.lastCall?.[0];
const grid = () => screen.findByRole('grid', { name: 'Build log' });
const texts = async () =>
  within(await grid())
    .getAllByRole('row')
    .map((row) => within(row).getAllByRole('gridcell').at(-1)?.textContent);
const selected = () => screen.queryByRole('row', { selected: true });

test('opens with what the address says, at the line that it names', async () => {
  render(<Log first={{ q: 'compil', service: 'web', at: '3', wrap: true }} />);
  expect(await texts()).toEqual(['Compiling', 'Compiled']);
  expect(screen.getByText('2 of 5 lines')).toBeVisible();
  expect(screen.getByRole('searchbox', { name: 'Search the log' })).toHaveValue('compil');
  expect(screen.getByRole('combobox', { name: 'Service' })).toHaveValue('web');
  expect(screen.getByRole('button', { name: 'Wrap long lines' })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  expect(selected()).toHaveTextContent('Compiled');
  expect(landed).toHaveBeenCalledOnce();
  expect(onSearch).not.toHaveBeenCalled();
});

test('writes each filter into the address', async () => {
  render(<Log />);
  await grid();
  await userEvent.type(screen.getByRole('searchbox'), 'compil');
  await waitFor(() => expect(written()).toMatchObject({ q: 'compil' }));
  await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Service' }), 'api');
  expect(written()).toMatchObject({ q: 'compil', service: 'api' });
  await userEvent.click(screen.getByRole('button', { name: 'Wrap long lines' }));
  expect(written()).toMatchObject({ q: 'compil', service: 'api', wrap: true });
  await userEvent.click(screen.getByRole('button', { name: 'Clear the filter' }));
  expect(written()).toEqual({ wrap: true });
  await userEvent.click(screen.getByRole('button', { name: 'Wrap long lines' }));
  expect(written()).toEqual({});
  expect(landed).not.toHaveBeenCalled();
});

test('a line that is pressed, or reached by the keys, is in the address, and its link can be copied', async () => {
  const copy = vi.fn<(text: string) => Promise<void>>(() => Promise.resolve());
  vi.stubGlobal('navigator', { userAgent: '', clipboard: { writeText: copy } });
  render(<Log />);
  const table = await grid();
  fireEvent.click(within(table).getByText('Compiled'));
  expect(written()).toEqual({ at: '3' });
  expect(selected()).toHaveTextContent('Compiled');
  fireEvent.keyDown(table, { key: 'ArrowUp' });
  expect(selected()).toHaveTextContent('npm warn old');
  await waitFor(() => expect(written()).toEqual({ at: '2' }));
  const strip = within(screen.getByRole('region', { name: 'Selected' }));
  fireEvent.click(strip.getByRole('button', { name: 'Copy link' }));
  await waitFor(() => expect(copy).toHaveBeenCalledWith(location.href));
  fireEvent.keyDown(table, { key: 'c', ctrlKey: true });
  await waitFor(() => expect(copy).toHaveBeenCalledWith(`${few[1]!.at} web npm warn old`));
  fireEvent.keyDown(table, { key: 'Escape' });
  expect(written()).toEqual({});
  expect(selected()).toBeNull();
});

test('the line that was found stays when the search is cleared, and goes where it is left out', async () => {
  render(<Log first={{ q: 'warn' }} />);
  fireEvent.click(await screen.findByText('npm warn old'));
  await userEvent.clear(screen.getByRole('searchbox'));
  await screen.findByText('5 lines');
  expect(written()).toEqual({ at: '2' });
  expect(selected()).toHaveTextContent('npm warn old');
  await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Service' }), 'api');
  expect(written()).toEqual({ service: 'api' });
  expect(selected()).toBeNull();
});

test('says when the line of a link is not there', async () => {
  render(<Log first={{ at: '999' }} />);
  expect(await screen.findByText(/The line of this link is not here/)).toBeVisible();
  expect(landed).not.toHaveBeenCalled();
});

test('nothing of a long log is new because it was read in parts', async () => {
  lines = Array.from({ length: 4_100 }, (_, index) => logLine(index + 1));
  render(<Log first={{ at: '3' }} />);
  await screen.findByText('4,100 lines');
  expect(landed).toHaveBeenCalledOnce();
  expect(screen.queryByRole('button', { name: /new$/ })).toBeNull();
});
