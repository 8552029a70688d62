import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, Outlet } from '@tanstack/react-router';
import { lazy, Suspense, type ComponentType } from 'react';

import { NotFound, RouteError } from '~/features/shell/boundary';

// Toasts bring Base UI along, which the first paint does not need.
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
  return (
    <>
      <Outlet />
      <Suspense>
        <Toasts />
      </Suspense>
    </>
  );
}
