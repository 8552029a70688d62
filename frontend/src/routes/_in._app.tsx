import { createFileRoute, Outlet } from '@tanstack/react-router';

import { statusQuery } from '~/api/queries';
import { NotFound, RouteError } from '~/features/shell/boundary';
import { Shell } from '~/features/shell/shell';

export const Route = createFileRoute('/_in/_app')({
  loader: ({ context }) => void context.client.prefetchQuery(statusQuery()),
  component: App,
  errorComponent: RouteError,
  notFoundComponent: NotFound,
});

function App() {
  return (
    <Shell>
      <Outlet />
    </Shell>
  );
}
