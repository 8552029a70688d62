import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { handlers } from './handlers';
import { openApp } from './show';

const server = setupServer(...handlers);
beforeAll(() => server.listen({ onUnhandledRequest: 'bypass' }));
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(500);
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => server.close());

test('the build log’s filters and line are in a deployment’s address, and make no history', async () => {
  const complaints = vi.spyOn(console, 'error').mockReturnValue();
  const history = await openApp('/stacks/shop/deployments/143?q=npm&service=web&at=7');
  const grid = await screen.findByRole('grid', { name: 'Build log' });
  expect(screen.getByRole('row', { selected: true })).toHaveTextContent('RUN npm ci');
  const field = screen.getByRole('searchbox', { name: 'Search the log' });
  expect(field).toHaveValue('npm');
  await userEvent.clear(field);
  await waitFor(() => expect(history.location.search).toBe('?service=web&at=7'));
  const [first] = await screen.findAllByText(/load build definition/);
  fireEvent.click(first!);
  fireEvent.click(screen.getByRole('button', { name: 'Wrap long lines' }));
  await waitFor(() => expect(history.location.search).toBe('?service=web&at=1&wrap=true'));
  expect(history.length).toBe(1);
  expect(grid).toBeVisible();
  // The parts of the page are told apart, or one may be there twice.
  expect(complaints.mock.calls.flat().join(' ')).not.toContain('same key');
}, 20_000);

test('a phase leads to its place in the log, which is selected, in sight and has the focus', async () => {
  const looked = vi.spyOn(Element.prototype, 'scrollIntoView').mockReturnValue();
  const history = await openApp('/stacks/shop/deployments/143?q=npm');
  const built = await screen.findByRole('button', { name: /^Built/ });
  await userEvent.click(built);
  const api = await screen.findByRole('link', { name: /^api, \d+ lines$/ });
  await userEvent.click(api);
  const grid = screen.getByRole('grid', { name: 'Build log' });
  expect(grid).toHaveFocus();
  expect(looked.mock.contexts).toContain(grid);
  await waitFor(() => expect(history.location.search).toBe('?service=api&at=11'));
  expect(await screen.findByRole('row', { selected: true })).toHaveTextContent(
    'load build definition',
  );
  // Whoever went on reading above comes back to it.
  looked.mockClear();
  await userEvent.click(api);
  expect(looked.mock.contexts).toContain(grid);
}, 20_000);
