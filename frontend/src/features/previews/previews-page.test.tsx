import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRouter,
  parseSearchWith,
  RouterProvider,
  stringifySearchWith,
} from '@tanstack/react-router';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { routeTree } from '~/routeTree.gen';
import { handlers } from '~/test/handlers';

/** A stream that says nothing. */
class Stream extends EventTarget {
  readyState = 1;
  close() {}
}

let asked: URLSearchParams | undefined;
const server = setupServer(...handlers);
server.events.on('request:start', ({ request }) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === '/api/v1/stacks' && searchParams.has('kind')) asked = searchParams;
});
beforeAll(() => server.listen({ onUnhandledRequest: 'bypass' }));
beforeEach(() => vi.stubGlobal('EventSource', Stream));
afterEach(() => vi.unstubAllGlobals());
afterAll(() => server.close());

function open(address: string) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const history = createMemoryHistory({ initialEntries: [address] });
  const router = createRouter({
    routeTree,
    context: { client },
    history,
    parseSearch: parseSearchWith((value) => value),
    stringifySearch: stringifySearchWith(JSON.stringify),
  });
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return history;
}

const field = (name: string) => screen.findByRole('combobox', { name }, { timeout: 10_000 });

test('previews are narrowed to a repository and a state, by the server and in the address', async () => {
  const history = open('/previews');
  const table = await screen.findByRole('table', { name: 'Previews' }, { timeout: 10_000 });
  expect(within(table).getAllByRole('row')).toHaveLength(3);
  await userEvent.selectOptions(await field('State'), 'Degraded');
  const repository = await field('Repository');
  await within(repository).findByRole('option', { name: 'acme/shop' });
  await userEvent.selectOptions(repository, 'acme/shop');
  await waitFor(() => expect(history.location.search).toBe('?state=degraded&repo=41'));
  await waitFor(() => expect(within(table).getAllByRole('row')).toHaveLength(2));
  expect(Object.fromEntries(asked ?? [])).toEqual({
    kind: 'preview',
    state: 'degraded',
    repository_id: '41',
    limit: '50',
  });
}, 20_000);

test('where none is like that, it says so and leads back to all', async () => {
  open('/previews?state=removing');
  expect(await screen.findByText('No preview is like that', {}, { timeout: 10_000 })).toBeVisible();
  expect(await field('State')).toHaveDisplayValue('Removing');
  expect(screen.getByRole('link', { name: 'Show all previews' })).toHaveAttribute(
    'href',
    '/previews',
  );
}, 20_000);

test('it is said when a preview ends', async () => {
  open('/previews');
  expect(
    await screen.findByText(/lasts as long as its pull request is open/, {}, { timeout: 10_000 }),
  ).toBeVisible();
}, 20_000);
