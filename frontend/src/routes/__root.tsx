import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, Outlet, useRouterState } from '@tanstack/react-router';

import { NotFound, RouteError } from '~/features/shell/boundary';
import { later, useLater } from '~/lib/later';
import { whenWaiting } from '~/ui/say';

// Toasts bring Base UI along, which the first page does not need: it comes first.
// Without them the page still works; what is to be said asks for them again.
const Toasts = later(() => import('~/ui/toast').then((it) => it.Toasts));

export const Route = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Root,
  errorComponent: RouteError,
  notFoundComponent: NotFound,
});

function Root() {
  const there = useRouterState({
    select: ({ resolvedLocation }) => resolvedLocation !== undefined,
  });
  useLater(Toasts, there, whenWaiting);
  return (
    <>
      <Outlet />
      <Toasts />
    </>
  );
}
