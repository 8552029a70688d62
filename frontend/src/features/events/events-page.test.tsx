import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router';
import { render, screen, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { sessionQuery } from '~/api/queries';
import { session } from '~/test/fixtures';
import { handlers } from '~/test/handlers';

import { EventsPage } from './events-page';
import type { Show } from './show';

const server = setupServer(...handlers);
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

async function show(only?: Show): Promise<string[]> {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery().queryKey, session);
  const router = createRouter({
    routeTree: createRootRoute({ component: () => <EventsPage open={undefined} show={only} /> }),
    history: createMemoryHistory(),
  });
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  const list = (await screen.findAllByRole('list')).at(-1)!;
  return within(list)
    .getAllByRole('listitem')
    .map((row) => row.textContent);
}

test('deliveries and acts stand in one list, newest first', async () => {
  const rows = await show();
  const place = (part: string) => rows.findIndex((row) => row.includes(part));
  expect(place('Mira approved the deployment shop #143')).toBeGreaterThan(0);
  expect(place('Mira approved')).toBeLessThan(place('feat/cart-v2'));
  expect(place('feat/cart-v2')).toBeLessThan(place('Berth put back shop'));
});

test('the list can be narrowed to what people did, or Berth by itself', async () => {
  const people = await show('people');
  expect(people).toHaveLength(4);
  expect(people[1]).toContain('Tariq changed the rule previews');
  expect(screen.getByRole('link', { name: 'People' })).toHaveAttribute('aria-current', 'true');
  expect(screen.getByRole('link', { name: 'shop #142' })).toHaveAttribute(
    'href',
    '/stacks/shop/deployments/142',
  );
});

test('what Berth did names what was done', async () => {
  const berth = await show('berth');
  expect(berth[0]).toContain('~ service worker');
  expect(berth.at(-1)).toContain('Berth took the lead in the replica 0191f6a0');
});

test('where nothing of the kind happened, the way back to all is there', async () => {
  server.use(http.get('*/api/v1/acts', () => HttpResponse.json({ items: [], next_cursor: null })));
  await expect(show('people')).rejects.toThrow();
  expect(screen.getByText('Nobody did anything yet')).toBeVisible();
  expect(screen.getByRole('link', { name: 'Show all events' })).toHaveAttribute('href', '/events');
});

test('a list that fails says so, and the other is not shown as all there is', async () => {
  server.use(http.get('*/api/v1/acts', () => HttpResponse.json({ title: 'No' }, { status: 503 })));
  await expect(show()).rejects.toThrow();
  expect(screen.getByText('Could not load the events')).toBeVisible();
});
