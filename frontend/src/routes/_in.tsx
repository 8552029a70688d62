import { createFileRoute, Outlet, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';

import { requireSession } from '~/api/session';
import { connection, startStream } from '~/api/stream';
import { Sheet } from '~/features/shell/shell';
import { loadAhead } from '~/lib/ahead';
import { loadMenus } from '~/ui/menu';

/** Everything behind the login; it holds the one event stream. */
export const Route = createFileRoute('/_in')({
  beforeLoad: ({ context, location }) => requireSession(context.client, location.href),
  component: SignedIn,
  // Nothing but the page's colour until it is known who asks: it takes a moment, once.
  pendingComponent: () => null,
  // Nothing does not flash: the page comes as soon as it can.
  pendingMinMs: 0,
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
  // Every page can be opened at once, and while the server is away. It begins when the first page is
  // there, and again with each new connection, in case something was missing.
  useEffect(() => {
    const pages = Object.values(router.routesById)
      .filter(({ id }) => id.startsWith(Route.id))
      .map((route) => () => router.loadRouteChunk(route));
    const chunks = [loadMenus, Sheet.load, ...pages];
    let end = () => {};
    const begin = () => {
      end();
      if (connection.get().state === 'live') end = loadAhead(chunks);
    };
    begin();
    const leave = connection.watch(begin);
    return () => {
      leave();
      end();
    };
  }, [router]);
  return <Outlet />;
}
