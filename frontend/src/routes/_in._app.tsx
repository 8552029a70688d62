import { createFileRoute, Outlet } from '@tanstack/react-router';
import { lazy, Suspense, type ComponentType } from 'react';

import { statusQuery } from '~/api/queries';
import { NotFound, RouteError } from '~/features/shell/boundary';
import { Shell } from '~/features/shell/shell';

// What keys bring up comes after the page, and without it the page still works.
const Overlays = lazy<ComponentType>(() =>
  import('~/features/palette/overlays').then(
    ({ Overlays: it }) => ({ default: it }),
    () => ({ default: () => null }),
  ),
);

export const Route = createFileRoute('/_in/_app')({
  loader: ({ context }) => void context.client.prefetchQuery(statusQuery()),
  component: App,
  errorComponent: RouteError,
  notFoundComponent: NotFound,
});

function App() {
  return (
    <>
      <Shell>
        <Outlet />
      </Shell>
      <Suspense>
        <Overlays />
      </Suspense>
    </>
  );
}
