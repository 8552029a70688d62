import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  parseSearchWith,
  RouterProvider,
  stringifySearchWith,
  type AnyRoute,
} from '@tanstack/react-router';
import { render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { onTestFinished, vi } from 'vitest';

import { sessionQuery } from '~/api/queries';
import type { Role } from '~/api/schema.gen';

import { session } from './fixtures';

/**
 * How a unit test shows what asks the API, has links or goes by its address: the whole app, or one
 * component in a router, with a history in memory. What the API answers is each test's own business,
 * as are streams that say something. What needs none of this is only rendered.
 */

/** Asks once, and takes what it has for right, as the app does until the stream says otherwise. */
const newClient = () =>
  new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });

/** A client that knows who is signed in. */
export function signedIn(role: Role = 'admin'): QueryClient {
  const client = newClient();
  client.setQueryData(sessionQuery().queryKey, { user: { ...session.user, role } });
  return client;
}

/** A stream that says nothing. */
class Stream extends EventTarget {
  static readonly CLOSED = 2;
  readyState = 1;
  close() {
    this.readyState = Stream.CLOSED;
  }
}

/** Shows the app at this address, until the test is over. */
export async function openApp(address: string) {
  vi.stubGlobal('EventSource', Stream);
  onTestFinished(() => void vi.unstubAllGlobals());
  // All pages' routes, which a test of one component can do without.
  const { routeTree } = await import('~/routeTree.gen');
  return show(routeTree, newClient(), address).history;
}

type Around = {
  client?: QueryClient;
  address?: string;
  /** What stands at other addresses; at all the rest, the page stays. */
  others?: Record<string, ReactNode>;
};

/** Shows one component. */
export function showPage(
  page: ReactNode,
  { client = signedIn(), address = '/', others = {} }: Around = {},
) {
  const root = createRootRoute();
  const routes = Object.entries({ $: page, ...others }).map(([path, it]) =>
    createRoute({ getParentRoute: () => root, path, component: () => it }),
  );
  return show(root.addChildren(routes), client, address);
}

function show(routeTree: AnyRoute, client: QueryClient, address: string) {
  const router = createRouter({
    routeTree,
    context: { client },
    history: createMemoryHistory({ initialEntries: [address] }),
    // As the app has them.
    parseSearch: parseSearchWith((value) => value),
    stringifySearch: stringifySearchWith(JSON.stringify),
  });
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return router;
}
