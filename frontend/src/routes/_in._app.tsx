import { createFileRoute, Outlet } from '@tanstack/react-router';

import { statusQuery } from '~/api/queries';
import { NotFound, RouteError } from '~/features/shell/boundary';
import { Shell } from '~/features/shell/shell';
import { overlay } from '~/lib/acts';
import { later, useLater } from '~/lib/later';

// What keys bring up comes after the page, and without it the page still works; the next press asks
// for it again.
const Overlays = later(() => import('~/features/palette/overlays').then((it) => it.Overlays));
const whenPressed = (tell: () => void) =>
  overlay.watch(() => {
    if (overlay.get()) tell();
  });
const forget = () => overlay.set(null);

export const Route = createFileRoute('/_in/_app')({
  loader: ({ context }) => void context.client.prefetchQuery(statusQuery()),
  component: App,
  errorComponent: RouteError,
  notFoundComponent: NotFound,
});

function App() {
  useLater(Overlays, true, whenPressed, forget);
  return (
    <>
      <Shell>
        <Outlet />
      </Shell>
      <Overlays />
    </>
  );
}
