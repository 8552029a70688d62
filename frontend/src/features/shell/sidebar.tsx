import { Link, useRouter } from '@tanstack/react-router';
import {
  Boxes,
  GitBranch,
  GitPullRequest,
  ScrollText,
  Search,
  Server,
  Settings,
  type LucideIcon,
} from 'lucide-react';
import { useEffect, useState, type ReactNode } from 'react';

import { overlay } from '~/lib/acts';
import { PALETTE_KEY } from '~/lib/keys';
import { PLACES, type Place } from '~/lib/places';
import { Mark } from '~/ui/mark';

import { Footer } from './footer';

const ICONS = {
  '/': Boxes,
  '/previews': GitPullRequest,
  '/rules': GitBranch,
  '/events': ScrollText,
  '/cluster': Server,
  '/settings': Settings,
} satisfies Record<Place['to'], LucideIcon>;

/** `onGo`: a link was followed, even one to the page that one is on. */
export function Sidebar({ onGo }: { onGo?: (() => void) | undefined }) {
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
