import './styles/app.css';

import { CSPProvider } from '@base-ui/react/csp-provider';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createRouter,
  parseSearchWith,
  RouterProvider,
  stringifySearchWith,
} from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { ApiError, isStatus } from './api/client';
import { sessionQuery } from './api/queries';
import { connection } from './api/stream';
import { RouteError } from './features/shell/boundary';
import { nonce } from './lib/csp';
import { followSystemTheme } from './lib/theme';
import { routeTree } from './routeTree.gen';
import { Page } from './ui/page';
import { SkeletonRows } from './ui/skeleton';

/** A session that ended while the page was open: back here after logging in again. */
function onError(error: unknown, asked?: unknown): void {
  if (!isStatus(error, 401)) {
    // A server that fails may have lost its database or Docker: the bar above the page says so.
    if (error instanceof ApiError && error.status >= 500 && asked !== 'status') {
      void client.invalidateQueries({ queryKey: ['status'] });
    }
    return;
  }
  const { pathname, href } = router.state.location;
  if (pathname === '/login' || pathname === '/setup') return;
  client.clear();
  void router.navigate({ to: '/login', search: { from: href } });
}

const client = new QueryClient({
  queryCache: new QueryCache({ onError: (error, { queryKey }) => onError(error, queryKey[0]) }),
  mutationCache: new MutationCache({ onError: (error) => onError(error) }),
  defaultOptions: {
    queries: {
      // The stream says when something changed; until then what is here is right.
      staleTime: 60_000,
      retry: (failures, error) => failures < 2 && isStatus(error, 0),
    },
  },
});

const router = createRouter({
  routeTree,
  context: { client },
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  // Text stands in the address as it is: a line's id is a number only by its look.
  parseSearch: parseSearchWith((value) => value),
  stringifySearch: stringifySearchWith(JSON.stringify),
  defaultErrorComponent: RouteError,
  defaultPendingMs: 150,
  defaultPendingComponent: () => (
    <Page>
      <SkeletonRows />
    </Page>
  ),
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

// The h1 gets the focus on a new page, so that a screen reader says where one is, and the next
// Tab goes on from there. Not when only the search part changed: that is a filter.
router.subscribe('onRendered', ({ fromLocation, pathChanged }) => {
  if (!fromLocation || !pathChanged) return;
  // Something that was opened while the page loaded keeps the focus.
  if (document.querySelector('[role="dialog"][data-open]')) return;
  document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
});

// A page whose code is missing makes the router load everything anew, which is right after an
// upgrade. While nobody answers, that would end at the browser's own error page: it is told instead,
// where the page would be.
window.addEventListener('vite:preloadError', ({ payload }) => {
  if (connection.get().state === 'live') return;
  payload.message = 'Berth does not answer, and this page was not loaded before.';
});

followSystemTheme();

// Who is signed in is asked, and the page's code comes, before anything is drawn. What fails here is
// asked for again by the page, which then says so.
const [matched] = router.getMatchedRoutes(router.latestLocation.pathname);
if (matched.some(({ id }) => id === '/_in')) void client.prefetchQuery(sessionQuery());
for (const route of matched) router.loadRouteChunk(route)?.catch(() => {});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <CSPProvider nonce={nonce()} disableStyleElements>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
