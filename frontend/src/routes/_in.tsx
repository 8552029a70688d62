import { createFileRoute, Outlet, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';

import { requireSession } from '~/api/session';
import { startStream } from '~/api/stream';

/** Everything behind the login; it holds the one event stream. */
export const Route = createFileRoute('/_in')({
  beforeLoad: ({ context, location }) => requireSession(context.client, location.href),
  component: SignedIn,
  // Nothing but the page's colour until it is known who asks: it takes a moment, once.
  pendingComponent: () => null,
});

function SignedIn() {
  const { client } = Route.useRouteContext();
  const router = useRouter();
  useEffect(
    () =>
      startStream(client, () => {
        void router.navigate({ to: '/login', search: { from: router.state.location.href } });
      }),
    [client, router],
  );
  return <Outlet />;
}
