import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, Outlet, useRouterState } from '@tanstack/react-router';
import { lazy, Suspense, type ComponentType } from 'react';

import { NotFound, RouteError } from '~/features/shell/boundary';

// Toasts bring Base UI along, which the first page does not need: it comes first.
// Without them the page still works.
const Toasts = lazy<ComponentType>(() =>
  import('~/ui/toast').then(
    ({ Toasts: it }) => ({ default: it }),
    () => ({ default: () => null }),
  ),
);

export const Route = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Root,
  errorComponent: RouteError,
  notFoundComponent: NotFound,
});

function Root() {
  const there = useRouterState({
    select: ({ resolvedLocation }) => resolvedLocation !== undefined,
  });
  return (
    <>
      <Outlet />
      {there && (
        <Suspense>
          <Toasts />
        </Suspense>
      )}
    </>
  );
}
