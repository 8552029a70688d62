import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { deliveries } from '~/test/delivery-fixtures';
import { events } from '~/test/event-fixtures';
import { handlers } from '~/test/handlers';
import { showPage } from '~/test/show';

import { EventsPage } from './events-page';
import type { Search } from './filter';

const server = setupServer(...handlers);
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const asked: URLSearchParams[] = [];
server.events.on('request:start', ({ request }) => {
  const url = new URL(request.url);
  if (url.pathname === '/api/v1/events') asked.push(url.searchParams);
});

const open = (search: Search = {}) =>
  showPage(<EventsPage search={search} />, { address: '/events' });

async function rows(search: Search = {}): Promise<string[]> {
  open(search);
  const list = (await screen.findAllByRole('list')).at(-1)!;
  return within(list)
    .getAllByRole('listitem')
    .map((row) => row.textContent);
}

const EMPTY = { items: [], next_cursor: null };

test('deliveries, deployments and acts stand in one list, newest first', async () => {
  const all = await rows();
  const place = (part: string) => all.findIndex((row) => row.includes(part));
  expect(place('Mira approved the deployment shop #143')).toBeGreaterThan(0);
  expect(place('Mira approved')).toBeLessThan(place('feat/cart-v2'));
  expect(place('feat/cart-v2')).toBeLessThan(place('Berth put back shop'));
  expect(all.some((row) => row.includes('shop #142') && row.includes('Failed'))).toBe(true);
  expect(all[place('Berth put back shop')]).toContain(
    'Changed the service worker (shop-worker:9f2c1ab04d7e, 2 tasks)',
  );
  // A sentence that begins with a service's name begins with that name.
  expect(all.some((row) => row.includes('worker: task exited (1) 3 times'))).toBe(true);
  expect(all.some((row) => row.startsWith('Berth gave up putting back blog'))).toBe(true);
});

test('the list can be narrowed to what people did, in words that lead somewhere', async () => {
  const people = await rows({ kind: 'person' });
  expect(people).toHaveLength(4);
  expect(people[1]).toContain('Tariq changed the rule previews');
  // A sentence begins like one; a name stays as it is.
  expect(people[1]).toContain('acme/shop');
  expect(people[2]).toContain('To what #139 brought');
  expect(screen.getByRole('link', { name: 'People' })).toHaveAttribute('aria-current', 'true');
  expect(screen.getByRole('link', { name: 'shop #142' })).toHaveAttribute(
    'href',
    '/stacks/shop/deployments/142',
  );
  expect(screen.getByRole('link', { name: 'Tariq' })).toHaveAttribute(
    'href',
    '/events?kind=person&actor=Tariq',
  );
});

test('what it is narrowed to beside its kind is shown, and can be taken back', async () => {
  await rows({ stack: 'shop', actor: 'Mira', q: 'cart' }).catch(() => []);
  expect(screen.getByRole('link', { name: 'Stack shop: show all again' })).toHaveAttribute(
    'href',
    '/events?actor=Mira&q=cart',
  );
  expect(screen.getByRole('link', { name: 'By Mira: show all again' })).toHaveAttribute(
    'href',
    '/events?stack=shop&q=cart',
  );
  expect(screen.getByRole('searchbox', { name: 'Search the events' })).toHaveValue('cart');
});

test('a time range goes into the address, and the server is asked from then on', async () => {
  const router = open({ kind: 'berth', id: 'x' });
  const range = await screen.findByRole('combobox', { name: 'Time range' });
  await userEvent.selectOptions(range, 'Last 7 days');
  await waitFor(() => expect(router.state.location.search).toEqual({ kind: 'berth', since: '7d' }));

  cleanup();
  expect(await rows({ since: '1h' })).not.toEqual([]);
  const from = Date.parse(asked.at(-1)?.get('since') ?? '');
  expect(Math.abs(Date.now() - 3_600_000 - from)).toBeLessThan(60_000);
  expect(screen.getByRole('combobox', { name: 'Time range' })).toHaveDisplayValue('Last hour');
});

test('a stack is offered as one types; one that is gone is taken at its name', async () => {
  const router = open();
  const field = await screen.findByRole('combobox', { name: 'Stack' });
  await userEvent.type(field, 'shop-st');
  await waitFor(() => expect([...document.querySelectorAll('datalist option')]).toHaveLength(1));
  // The name of another stack is the beginning of this one: typing it is no choice.
  expect(router.state.location.search).toEqual({});
  fireEvent.input(field, { target: { value: 'shop-staging' }, inputType: 'insertReplacementText' });
  await waitFor(() => expect(router.state.location.search).toEqual({ stack: 'shop-staging' }));

  cleanup();
  const other = open();
  await userEvent.type(await screen.findByRole('combobox', { name: 'Stack' }), 'gone{Enter}');
  await waitFor(() => expect(other.state.location.search).toEqual({ stack: 'gone' }));
});

test('where nothing of the kind happened, the way back to all is there', async () => {
  server.use(http.get('*/api/v1/events', () => HttpResponse.json(EMPTY)));
  open({ kind: 'person', q: 'nothing' });
  expect(await screen.findByText('No actions of people with “nothing” in them')).toBeVisible();
  expect(screen.getByRole('link', { name: 'Show all events' })).toHaveAttribute('href', '/events');
});

test('where nothing happened yet, the page says what will show up', async () => {
  server.use(http.get('*/api/v1/events', () => HttpResponse.json(EMPTY)));
  open();
  expect(await screen.findByText('No events yet')).toBeVisible();
});

test('a list that fails says so, and can be tried again', async () => {
  server.use(
    http.get('*/api/v1/events', () => HttpResponse.json({ title: 'No' }, { status: 503 })),
  );
  open();
  expect(await screen.findByText('Could not load the events')).toBeVisible();
  expect(screen.getByRole('button', { name: /again|retry/i })).toBeVisible();
});

test('a delivery that a link leads to is shown though the list does not have it', async () => {
  const [wanted] = deliveries;
  server.use(
    http.get('*/api/v1/events', () =>
      HttpResponse.json({
        items: events.filter(({ kind }) => kind === 'person'),
        next_cursor: 'older',
      }),
    ),
  );
  open({ id: wanted!.id });
  expect(await screen.findByText('The delivery that was asked for')).toBeVisible();
  expect(await screen.findByText(wanted!.id)).toBeVisible();
  expect(screen.getByRole('button', { name: 'Show more' })).toBeVisible();
});
