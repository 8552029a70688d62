import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Activity, ChevronsUpDown, LoaderCircle } from 'lucide-react';

import { logOut } from '~/api/mutations';
import { sessionQuery, statusQuery } from '~/api/queries';
import type { Status } from '~/api/schema.gen';
import { connection } from '~/api/stream';
import { cn } from '~/lib/cn';
import { useStore } from '~/lib/store';
import { count } from '~/lib/text';
import { Menu, MenuItem } from '~/ui/menu';

export function Footer() {
  return (
    <div className="border-t border-line px-3 py-2">
      <Live />
      <UserMenu />
    </div>
  );
}

function Live() {
  const { state } = useStore(connection);
  const { data: status } = useQuery(statusQuery());
  const live = state === 'live';
  return (
    <p
      role="status"
      className="flex h-7 items-center gap-2 px-2 text-meta text-text-2"
      title={
        live
          ? 'Changes appear by themselves'
          : 'The page shows what was known last; changes appear again when the server answers'
      }
    >
      {live ? (
        <Activity size={14} className="text-ok" aria-hidden />
      ) : (
        <LoaderCircle size={14} className={cn('animate-turn text-text-3')} aria-hidden />
      )}
      {live ? 'Live' : state === 'lost' ? 'Reconnecting…' : 'Connecting…'}
      {live && status?.docker.ok && ` · ${nodes(status)}`}
    </p>
  );
}

/** "3 nodes", or how many of them are there. */
function nodes({ docker, lost_nodes: lost }: Status): string {
  const all = count(docker.nodes, 'node');
  return lost.length > 0 ? `${Math.max(docker.nodes - lost.length, 0)} of ${all}` : all;
}

function UserMenu() {
  const { data: session } = useQuery(sessionQuery());
  const client = useQueryClient();
  const navigate = useNavigate();
  if (!session) return null;
  const leave = async () => {
    await logOut();
    client.clear();
    await navigate({ to: '/login', search: {} });
  };
  return (
    <Menu
      side="top"
      align="start"
      trigger={
        <button
          type="button"
          className="flex h-8 w-full items-center gap-2 rounded-control px-2 text-left text-ui hover:bg-hover"
        >
          <span
            aria-hidden
            className="grid size-5 shrink-0 place-items-center rounded-full bg-active text-[10px] font-semibold uppercase"
          >
            {session.user.name.slice(0, 1) || '?'}
          </span>
          <span className="min-w-0 flex-1 truncate">{session.user.name}</span>
          <ChevronsUpDown size={14} className="text-text-3" aria-hidden />
        </button>
      }
    >
      <p className="px-2 py-1.5 text-meta text-text-2">{session.user.email}</p>
      <MenuItem onClick={() => void navigate({ to: '/settings/account' })}>Account</MenuItem>
      <MenuItem onClick={() => void leave()}>Log out</MenuItem>
    </Menu>
  );
}
