import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { handlers } from '~/test/handlers';
import { openApp } from '~/test/show';

import { readStackSearch } from './search';

const asked: URLSearchParams[] = [];
const server = setupServer(...handlers);
server.events.on('request:start', ({ request }) => {
  const url = new URL(request.url);
  // What needs attention stands above the list, and is asked for by itself.
  if (url.pathname !== '/api/v1/stacks' || url.searchParams.has('attention')) return;
  asked.push(url.searchParams);
});
beforeAll(() => server.listen({ onUnhandledRequest: 'bypass' }));
beforeEach(() => {
  asked.length = 0;
});
afterAll(() => server.close());

async function open(address: string) {
  const history = await openApp(address);
  return {
    history,
    address: () => Object.fromEntries(new URLSearchParams(history.location.search)),
  };
}

const button = () => screen.findByRole('button', { name: /^Filters/ });
const field = (name: string) => screen.findByRole('combobox', { name });
const choose = async (name: string, option: string) => {
  await within(await field(name)).findByRole('option', { name: option });
  await userEvent.selectOptions(await field(name), option);
};
const names = async () => {
  const table = await screen.findByRole('table', { name: 'Stacks' });
  return within(table)
    .getAllByRole('row')
    .slice(1)
    .map((row) => within(row).getByRole('link').textContent);
};

test('every filter goes into the address, and the server is asked for it', async () => {
  const { history, address } = await open('/?q=shop');
  const filters = await button();
  expect(filters).toHaveAttribute('aria-expanded', 'false');
  await userEvent.click(filters);
  expect(filters).toHaveAttribute('aria-expanded', 'true');
  await choose('Environment', 'staging');
  await choose('Health', 'Healthy');
  await choose('Sync', 'Drifted');
  await choose('Repository', 'acme/shop');
  await choose('Order', 'Last updated first');
  await waitFor(() =>
    expect(address()).toEqual({
      q: 'shop',
      env: 'staging',
      health: 'healthy',
      sync: 'drifted',
      repo: '41',
      sort: 'updated',
    }),
  );
  await waitFor(() =>
    expect(Object.fromEntries(asked.at(-1) ?? [])).toEqual({
      q: 'shop',
      environment: 'staging',
      state: 'healthy',
      synced: 'false',
      repository_id: '41',
      sort: 'updated',
      limit: '50',
    }),
  );
  expect(await names()).toEqual(['shop-staging']);
  expect(filters).toHaveTextContent('Filters (5)');
  expect(history.length).toBe(1);
}, 20_000);

test('an address with a filter shows it, and one press clears all but the search', async () => {
  const { address } = await open('/?q=shop&health=deploying&env=pr-1');
  expect(await button()).toHaveAttribute('aria-expanded', 'true');
  expect(await field('Health')).toHaveDisplayValue('Deploying');
  // One that is in no list of choices is chosen all the same.
  expect(await field('Environment')).toHaveDisplayValue('pr-1');
  expect(await screen.findByText('No stack matches “shop”')).toBeVisible();
  await userEvent.click(screen.getByRole('link', { name: 'Clear' }));
  await waitFor(() => expect(address()).toEqual({ q: 'shop' }));
  expect(await button()).toHaveTextContent(/^Filters$/);
}, 20_000);

test('a kind keeps the filters, and a filter keeps the kind', async () => {
  const { address } = await open('/?sync=drifted');
  await button();
  await userEvent.click(await screen.findByRole('link', { name: 'Permanent' }));
  await waitFor(() => expect(address()).toEqual({ kind: 'permanent', sync: 'drifted' }));
  await choose('Order', 'Last updated first');
  await waitFor(() =>
    expect(address()).toEqual({ kind: 'permanent', sync: 'drifted', sort: 'updated' }),
  );
}, 20_000);

test('what an address says that is no filter is left out', () => {
  const read = readStackSearch({
    health: 'splendid',
    sync: 'no',
    repo: 'shop',
    sort: 'name',
    q: 7,
  });
  expect(Object.entries(read).filter(([, value]) => value !== undefined)).toEqual([['q', '7']]);
});
