import { Link, useRouter } from '@tanstack/react-router';
import { Menu as MenuIcon } from 'lucide-react';
import { useCallback, useEffect, useState, type ReactNode } from 'react';

import { useShortcuts } from '~/lib/keys';
import { later } from '~/lib/later';
import { PLACES } from '~/lib/places';
import { Mark } from '~/ui/mark';

import { Sidebar } from './sidebar';
import { Trouble } from './trouble';

/** Only a narrow screen has it, and only who presses for it. */
export const Sheet = later(() => import('./sheet').then((it) => it.Sheet));

export function Shell({ children }: { children: ReactNode }) {
  const router = useRouter();
  const go = useCallback(
    (letter: string) => {
      const place = PLACES.find(({ key }) => key === letter);
      if (place) void router.navigate({ to: place.to });
      return Boolean(place);
    },
    [router],
  );
  useShortcuts(go);
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[216px_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only z-40 rounded-control bg-ink px-3 py-1.5 text-ui text-on-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <aside className="sticky top-0 flex h-dvh flex-col border-r border-line bg-sunken max-lg:hidden">
        <Sidebar />
      </aside>
      <TopBar />
      {/* A page that fills the screen scrolls in itself. */}
      <main
        id="content"
        className="min-w-0 has-[>[data-fill]]:flex has-[>[data-fill]]:h-[calc(100dvh-48px)] has-[>[data-fill]]:flex-col lg:has-[>[data-fill]]:h-dvh"
      >
        <Trouble />
        {children}
      </main>
    </div>
  );
}

/** On a narrow screen the sidebar is a sheet behind a button. */
function TopBar() {
  const router = useRouter();
  const [open, setOpen] = useState(false);
  // Closes when the page changes: not when the page that one is on has finished loading, which may
  // be after the menu was opened, and not for a filter in the address.
  useEffect(
    () =>
      router.subscribe('onBeforeNavigate', ({ fromLocation, pathChanged }) => {
        if (fromLocation && pathChanged) setOpen(false);
      }),
    [router],
  );
  return (
    <header className="sticky top-0 z-10 flex h-12 items-center gap-2 border-b border-line bg-sunken px-4 lg:hidden">
      <button
        type="button"
        aria-label="Menu"
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => {
          // As with any menu, the next press asks again.
          Sheet.load().then(
            () => setOpen(true),
            () => {},
          );
        }}
        className="-ml-2 grid size-8 place-items-center rounded-control hover:bg-hover"
      >
        <MenuIcon size={18} aria-hidden />
      </button>
      {open && <Sheet onClose={() => setOpen(false)} />}
      <Link to="/" search={{}} className="flex">
        <Mark />
      </Link>
    </header>
  );
}
