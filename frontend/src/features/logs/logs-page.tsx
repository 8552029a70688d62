import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactNode } from 'react';

import { ApiError } from '~/api/client';
import { copyText } from '~/lib/copy';
import { storage } from '~/lib/storage';
import { asSentence, count, messageOf } from '~/lib/text';
import { clock } from '~/lib/time';
import { useTitle } from '~/lib/title';
import { Bar } from '~/ui/bar';
import { Button, buttonClass } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { ErrorPanel } from '~/ui/error-panel';
import { Gone } from '~/ui/gone';
import { Said } from '~/ui/said';
import { SkeletonRows } from '~/ui/skeleton';

import { isFiltered, isTime, matcher, RANGES, asked, type LogSearch } from './filter';
import { LogGrid } from './log-grid';
import type { Facts, LogSession } from './log-session';
import { LogsToolbar } from './logs-toolbar';
import { asText, inOrder, type Picked } from './pick';
import { PickedStrip } from './picked-strip';
import { useLogSession } from './use-log-session';

/** The selected line goes into the address once the keys rest, in milliseconds. */
const REST_MS = 200;

type Props = {
  stack: string;
  search: LogSearch;
  onSearch: (search: LogSearch) => void;
};

export function LogsPage({ stack, search, onSearch }: Props) {
  useTitle(`Logs · ${stack}`);
  const { session, version, pending } = useLogSession(stack, search);
  const [follow, setFollow] = useState(!search.at);
  const [picked, setPicked] = useState<Picked>();
  const [times, setTimes] = useState(storage.get('log-times') !== 'off');
  const [copied, setCopied] = useState(0);
  /** The line that the address named last, and the one that this page wrote there. */
  const [seen, setSeen] = useState<string>();
  const [mine, setMine] = useState<string>();
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(rest.current), []);

  const open = session?.open ?? true;
  const following = follow && open;

  const onFollow = (on: boolean) => {
    setFollow(on);
    if (on && session?.facts.newer) void session.load();
  };
  const write = (at: string | undefined, wait: number) => {
    clearTimeout(rest.current);
    setMine(at);
    rest.current = setTimeout(() => onSearch({ ...search, at }), wait);
  };
  const onPick = (id: string | undefined, extend: boolean) => {
    const next = id && { from: (extend && picked?.from) || id, to: id };
    setPicked(next || undefined);
    write(next ? inOrder(next)[0] : undefined, REST_MS);
  };
  const change = (part: Partial<LogSearch>) => {
    clearTimeout(rest.current);
    const next = { ...search, ...part, at: undefined };
    // What is selected stays, where the new filter shows it: one finds a line, and then looks round.
    const line = picked && session?.buffer.lines[session.buffer.place(picked.to)];
    const kept =
      line?.id === picked?.to && line && matcher(asked(next, Date.now()))(line)
        ? line.id
        : undefined;
    if ('wrap' in part) {
      onSearch({ ...next, at: search.at });
      return;
    }
    if (!kept) setPicked(undefined);
    setFollow(!kept);
    setMine(kept);
    onSearch({ ...next, at: kept });
  };

  // The address names another line than this page wrote there: one that is here, one of a time, or
  // one that has to be read first.
  const ready = session !== undefined && !pending && session.facts.phase === 'ready';
  if (ready && search.at !== seen) {
    setSeen(search.at);
    if (search.at !== mine) {
      setMine(search.at);
      setPicked(search.at ? named(session, search.at) : undefined);
      if (search.at) setFollow(false);
    }
  }
  useEffect(() => {
    if (ready && search.at) session.seek(search.at);
  }, [session, ready, search.at]);
  useEffect(() => session?.hold(!following), [session, following]);

  const chosenLines = session && picked ? between(session, picked) : [];
  const [one] = chosenLines;
  const copy = async () => {
    const ok = await copyText(asText(chosenLines));
    if (ok) setCopied((n) => n + 1);
    return ok;
  };

  return (
    <div data-fill className="flex min-h-0 flex-1 flex-col max-sm:min-h-112">
      <h2 className="sr-only">Logs</h2>
      <LogsToolbar
        stack={stack}
        search={search}
        filter={session?.filter ?? { service: [] }}
        services={session?.facts.services ?? []}
        onSearch={change}
        times={times}
        onTimes={(on) => {
          storage.set('log-times', on ? 'on' : 'off');
          setTimes(on);
        }}
        follow={following}
        onFollow={onFollow}
        noFollow={open ? undefined : 'The range of time ends before now.'}
        counted={session ? counted(session) : ''}
      />
      {session && <Notices session={session} at={pending ? undefined : search.at} />}
      <Body session={session} search={search} onSearch={change}>
        {(shown) => (
          <LogGrid
            key={shown.serial}
            session={shown}
            version={version}
            wrap={Boolean(search.wrap)}
            times={times}
            follow={following}
            onFollow={onFollow}
            picked={picked}
            onPick={onPick}
            onCopy={() => void copy()}
            busy={pending}
          />
        )}
      </Body>
      {one && (
        <PickedStrip
          lines={chosenLines}
          name={one.task}
          facts={one.node ? [`on ${one.node}`, one.stream] : [one.stream]}
          copied={copied}
          onCopy={copy}
          onClose={() => onPick(undefined, false)}
        />
      )}
    </div>
  );
}

/** The line that the address names, by its id or by when it was written. */
function named({ buffer }: LogSession, at: string): Picked | undefined {
  if (!isTime(at)) return { from: at, to: at };
  const line = buffer.lines[buffer.findTime(Date.parse(at)) ?? 0];
  return line && { from: line.id, to: line.id };
}

function between({ buffer }: LogSession, picked: Picked) {
  const [first, last] = inOrder(picked);
  const end = buffer.place(last);
  return buffer.lines.slice(buffer.place(first), buffer.lines[end]?.id === last ? end + 1 : end);
}

function counted({ buffer, facts }: LogSession): string {
  const many = count(buffer.lines.length, 'line');
  if (facts.phase !== 'ready' || buffer.lines.length === 0) return '';
  return facts.older || facts.newer ? `${many} loaded` : many;
}

/** What keeps lines from being here. */
function Notices({ session, at }: { session: LogSession; at: string | undefined }) {
  const { facts, buffer } = session;
  const lost = facts.link === 'lost';
  const gone =
    facts.phase === 'ready' && at !== undefined && !isTime(at) && buffer.find(at) === undefined;
  if (!lost && !gone && facts.troubles.length === 0) return null;
  return (
    <div className="space-y-2 border-b border-line px-4 py-2 sm:px-6">
      {lost && (
        <Bar tone="warn" role="status">
          <strong className="font-semibold">New lines don’t arrive.</strong> Data from{' '}
          <span className="tabular-nums">{clock(new Date(facts.heardAt).toISOString())}</span>,
          trying again.
        </Bar>
      )}
      {facts.troubles.length > 0 && <Troubles troubles={facts.troubles} />}
      {gone && (
        <Bar tone="warn" role="status">
          The line of this link is not here: it is not kept any more, or the filter leaves it out.
        </Bar>
      )}
    </div>
  );
}

function Troubles({ troubles }: Pick<Facts, 'troubles'>) {
  return (
    <Bar tone="warn" role="status">
      <strong className="font-semibold">Lines are missing.</strong>
      <ul className={troubles.length > 1 ? 'list-disc pl-5' : ''}>
        {troubles.map(({ service, node, since, message }) => (
          <li key={`${service} ${node} ${message}`} className="break-words">
            <Said text={asSentence(message)} />{' '}
            <span className="text-meta text-text-2">Since {clock(since)}.</span>
          </li>
        ))}
      </ul>
    </Bar>
  );
}

function Body({
  session,
  search,
  onSearch,
  children,
}: {
  session: LogSession | undefined;
  search: LogSearch;
  onSearch: (part: Partial<LogSearch>) => void;
  children: (session: LogSession) => ReactNode;
}) {
  if (session && session.buffer.lines.length > 0) return children(session);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-4 py-5 sm:px-6">
      {!session || session.facts.phase === 'loading' ? (
        <SkeletonRows rows={12} height={28} />
      ) : session.facts.phase === 'failed' ? (
        <Failed session={session} />
      ) : (
        <Nothing session={session} search={search} onSearch={onSearch} />
      )}
    </div>
  );
}

function Failed({ session }: { session: LogSession }) {
  const { error } = session.facts;
  if (error instanceof ApiError && error.status === 404) {
    const back = (
      <Link to="/" search={{}} className={buttonClass()}>
        To the stacks
      </Link>
    );
    return <Gone what={`stack ${session.stack}`} back={back} />;
  }
  return (
    <ErrorPanel
      title="Could not load the logs"
      message={messageOf(error)}
      requestId={error instanceof ApiError ? error.requestId : undefined}
      onRetry={() => void session.load(session.search.at)}
    />
  );
}

function Nothing({
  session,
  search,
  onSearch,
}: {
  session: LogSession;
  search: LogSearch;
  onSearch: (part: Partial<LogSearch>) => void;
}) {
  const { older, moreError } = session.facts;
  // What is here has no such line, and the server looks through what lies before it.
  useEffect(() => {
    if (older && !moreError) void session.older();
  }, [session, older, moreError]);
  if (older && !moreError) return <SkeletonRows rows={12} height={28} />;
  const range = RANGES.find(({ value }) => value === search.since);
  const timed = search.since !== undefined || search.until !== undefined;
  const when = range?.empty ?? 'in this range of time';
  const everything = (
    <Button onClick={() => onSearch({ since: undefined, until: undefined })}>
      {isFiltered(search) ? 'Search everything kept' : 'Show everything kept'}
    </Button>
  );
  if (isFiltered(search)) {
    return (
      <Empty
        title={timed ? `No line matches ${when}` : 'No line matches'}
        action={
          <>
            <Button
              onClick={() => onSearch({ service: undefined, q: undefined, level: undefined })}
            >
              Clear the filter
            </Button>
            {timed && everything}
          </>
        }
      >
        {session.open && 'New lines that match appear here as they come.'}
      </Empty>
    );
  }
  if (timed) {
    const wider = RANGES[RANGES.findIndex(({ value }) => value === search.since) + 1];
    return (
      <Empty
        title={`No output ${when}`}
        action={
          <>
            {range && wider && (
              <Button onClick={() => onSearch({ since: wider.value })}>{wider.label}</Button>
            )}
            {everything}
          </>
        }
      >
        {session.open && 'New lines appear here as they come.'}
      </Empty>
    );
  }
  return (
    <Empty title="No output yet">
      Lines appear here as the services write them; they outlive their containers.
    </Empty>
  );
}
