import { Dialog } from '@base-ui/react/dialog';
import { Link, useRouter } from '@tanstack/react-router';
import {
  Boxes,
  GitBranch,
  GitPullRequest,
  Menu as MenuIcon,
  ScrollText,
  Search,
  Server,
  Settings,
  type LucideIcon,
} from 'lucide-react';
import { useCallback, useEffect, useState, type ReactNode } from 'react';

import { overlay } from '~/lib/acts';
import { PALETTE_KEY, useShortcuts } from '~/lib/keys';
import { PLACES, type Place } from '~/lib/places';
import { Mark } from '~/ui/mark';

import { Footer } from './footer';
import { Trouble } from './trouble';

const ICONS = {
  '/': Boxes,
  '/previews': GitPullRequest,
  '/rules': GitBranch,
  '/events': ScrollText,
  '/cluster': Server,
  '/settings': Settings,
} satisfies Record<Place['to'], LucideIcon>;

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

/** `onGo`: a link was followed, even one to the page that one is on. */
function Sidebar({ onGo }: { onGo?: (() => void) | undefined }) {
  return (
    <>
      <div className="px-5 pt-4 pb-3">
        <Link to="/" search={{}} onClick={onGo} className="inline-block rounded-tag">
          <Mark />
        </Link>
      </div>
      <div className="px-3 pb-1">
        <button
          type="button"
          aria-keyshortcuts="Control+K Meta+K"
          onClick={() => {
            onGo?.();
            overlay.set('palette');
          }}
          className="flex h-8 w-full items-center gap-2.5 rounded-control border border-line bg-surface px-2 text-ui text-text-2 hover:bg-hover hover:text-text"
        >
          <Search size={15} aria-hidden />
          <span className="flex-1 text-left">Search or run…</span>
          <kbd aria-hidden className="font-sans text-meta text-text-3 max-lg:hidden">
            {PALETTE_KEY}
          </kbd>
        </button>
      </div>
      <nav aria-label="Main" className="flex-1 px-3 py-2">
        <ul className="space-y-0.5">
          {PLACES.map(({ to, label, key }) => {
            const Icon = ICONS[to];
            return (
              <li key={to}>
                <PlaceLink to={to} shortcut={key} onGo={onGo}>
                  <Icon size={16} aria-hidden />
                  {label}
                </PlaceLink>
              </li>
            );
          })}
        </ul>
      </nav>
      <Footer />
    </>
  );
}

const LINK =
  'flex h-8 items-center gap-2.5 rounded-control px-2 text-ui text-text-2 hover:bg-hover hover:text-text aria-[current=page]:bg-active aria-[current=page]:font-medium aria-[current=page]:text-text';

function PlaceLink({
  to,
  shortcut,
  onGo,
  children,
}: {
  to: Place['to'];
  shortcut: string;
  onGo: (() => void) | undefined;
  children: ReactNode;
}) {
  const router = useRouter();
  const [path, setPath] = useState(router.state.location.pathname);
  useEffect(
    () => router.subscribe('onResolved', ({ toLocation }) => setPath(toLocation.pathname)),
    [router],
  );
  // A stack's pages lie under /stacks, and belong to the list at /.
  const here =
    to === '/'
      ? path === '/' || path.startsWith('/stacks')
      : path === to || path.startsWith(`${to}/`);
  return (
    <Link
      to={to}
      onClick={onGo}
      title={`g then ${shortcut}`}
      className={LINK}
      activeProps={{}}
      aria-current={here ? 'page' : undefined}
    >
      {children}
    </Link>
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
      <Dialog.Root open={open} onOpenChange={setOpen}>
        <Dialog.Trigger
          aria-label="Menu"
          className="-ml-2 grid size-8 place-items-center rounded-control hover:bg-hover"
        >
          <MenuIcon size={18} aria-hidden />
        </Dialog.Trigger>
        <Dialog.Portal>
          <Dialog.Backdrop className="scrim fixed inset-0 z-20 bg-scrim" />
          <Dialog.Popup className="scrim fixed inset-y-0 left-0 z-20 flex w-60 flex-col border-r border-line bg-sunken">
            <Dialog.Title className="sr-only">Menu</Dialog.Title>
            <Sidebar onGo={() => setOpen(false)} />
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
      <Link to="/" search={{}}>
        <Mark />
      </Link>
    </header>
  );
}
