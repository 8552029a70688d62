import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router';
import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import { sessionQuery, stackQuery } from '~/api/queries';
import { later } from '~/lib/later';
import { session, stack } from '~/test/fixtures';

import { StackHeader } from './stack-header';

test('a dialog whose code did not come says so, and the next press asks for it again', async () => {
  let tries = 0;
  type Props = { stack: string; open: boolean; onOpenChange: (open: boolean) => void };
  const RollBackDialog = later<Props>(() =>
    tries++ === 0
      ? Promise.reject(new TypeError('Failed to fetch'))
      : Promise.resolve(({ stack: name, open }) => open && <p role="alertdialog">Back, {name}?</p>),
  );
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  client.setQueryData(sessionQuery().queryKey, session);
  client.setQueryData(stackQuery('shop').queryKey, stack('shop'));
  const router = createRouter({
    routeTree: createRootRoute({
      component: () => <StackHeader name="shop" RollBackDialog={RollBackDialog} />,
    }),
    history: createMemoryHistory({ initialEntries: ['/'] }),
  });
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  const ask = async () => {
    fireEvent.click(await screen.findByRole('button', { name: 'More actions' }));
    fireEvent.click(await screen.findByRole('menuitem', { name: 'Roll back…' }));
  };
  await ask();
  expect(await screen.findByRole('alert')).toHaveTextContent('A part of this page did not come.');
  await ask();
  expect(await screen.findByRole('alertdialog')).toHaveTextContent('Back, shop?');
  expect(screen.queryByRole('alert')).toBeNull();
});
