import { useQuery } from '@tanstack/react-query';

import { pruneQuery, statusQuery } from '~/api/queries';
import type { Status } from '~/api/schema.gen';
import { connection, whenLive } from '~/api/stream';
import { later, useLater } from '~/lib/later';
import { useStore } from '~/lib/store';
import { clock, full, seconds } from '~/lib/time';
import { Bar } from '~/ui/bar';

/** Hardly ever there, and it asks in a dialog. */
const HeldOrphans = later(() => import('./held-orphans').then((it) => it.HeldOrphans));

/** A connection that is away for longer than this is worth a line of its own, in milliseconds. */
const AWAY_MS = 10_000;

/** What Berth stands on and can't reach, in one clear bar above the page. */
export function Trouble() {
  const { data: status } = useQuery(statusQuery());
  const link = useStore(connection);
  return (
    <>
      {link.state === 'lost' && <Away since={link.since} />}
      {status && <StatusTrouble status={status} />}
      {status && status.held_orphans > 0 && <Held />}
    </>
  );
}

function Away({ since }: { since: number }) {
  const now = useStore(seconds);
  if (now - since < AWAY_MS) return null;
  return (
    <Line>
      <strong className="font-semibold">No connection to Berth.</strong> What you see is from{' '}
      <span className="tabular-nums">{clock(new Date(since).toISOString())}</span>; it goes on by
      itself when the server answers.
    </Line>
  );
}

function Held() {
  const { data: plan } = useQuery(pruneQuery());
  useLater(HeldOrphans, true, whenLive);
  if (!plan) return null;
  return (
    <Line tone="warn">
      <HeldOrphans plan={plan} />
    </Line>
  );
}

/** The worst first: without its database Berth knows nothing about the rest. */
export function troubles(status: Status): { title: string; text: string; detail: string }[] {
  if (!status.postgres.ok) {
    return [
      {
        title: 'PostgreSQL does not answer.',
        text: 'What runs goes on running; nothing new is taken in until it is back.',
        detail: status.postgres.detail,
      },
    ];
  }
  if (!status.docker.ok) {
    return [
      {
        title: 'Docker does not answer.',
        text: 'Pushes are kept and deployed when it is back.',
        detail: status.docker.detail,
      },
    ];
  }
  if (status.leader.holder === null) {
    return [
      {
        title: 'No Berth leads at the moment.',
        text: 'Nothing deploys until one takes the lead, which takes some seconds.',
        detail: '',
      },
    ];
  }
  if (status.lost_nodes.length > 0) {
    const names = status.lost_nodes.map(({ hostname }) => hostname).join(', ');
    const one = status.lost_nodes.length === 1;
    return [
      {
        title: one ? `The node ${names} is away.` : `The nodes ${names} are away.`,
        text: 'Swarm runs on the others what ran there, where it can.',
        detail: status.lost_nodes
          .map(({ hostname, since }) => `${hostname} since ${full(since)}`)
          .join('; '),
      },
    ];
  }
  if (status.silent_executors.length > 0) {
    return [
      {
        title: `The executor on ${status.silent_executors.join(', ')} says nothing.`,
        text: 'What is to be removed there stays until it does.',
        detail: '',
      },
    ];
  }
  return [];
}

function StatusTrouble({ status }: { status: Status }) {
  return troubles(status).map(({ title, text, detail }) => (
    <Line key={title}>
      <strong className="font-semibold">{title}</strong> {text}
      {detail && <span className="block text-meta break-words text-text-2">{detail}</span>}
    </Line>
  ));
}

function Line({ tone = 'bad', children }: { tone?: 'bad' | 'warn'; children: React.ReactNode }) {
  return (
    <div className="max-w-page px-4 pt-4 sm:px-6">
      <div>
        <Bar tone={tone} role="alert">
          {children}
        </Bar>
      </div>
    </div>
  );
}
