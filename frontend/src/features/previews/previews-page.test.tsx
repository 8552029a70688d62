import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { handlers } from '~/test/handlers';
import { openApp } from '~/test/show';

let asked: URLSearchParams | undefined;
const server = setupServer(...handlers);
server.events.on('request:start', ({ request }) => {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === '/api/v1/stacks' && searchParams.has('kind')) asked = searchParams;
});
beforeAll(() => server.listen({ onUnhandledRequest: 'bypass' }));
afterAll(() => server.close());

const field = (name: string) => screen.findByRole('combobox', { name });

test('previews are narrowed to a repository and a state, by the server and in the address', async () => {
  const history = await openApp('/previews');
  const table = await screen.findByRole('table', { name: 'Previews' });
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
  await openApp('/previews?state=removing');
  expect(await screen.findByText('No preview is like that')).toBeVisible();
  expect(await field('State')).toHaveDisplayValue('Removing');
  expect(screen.getByRole('link', { name: 'Show all previews' })).toHaveAttribute(
    'href',
    '/previews',
  );
}, 20_000);

test('it is said when a preview ends', async () => {
  await openApp('/previews');
  expect(await screen.findByText(/lasts as long as its pull request is open/)).toBeVisible();
}, 20_000);
