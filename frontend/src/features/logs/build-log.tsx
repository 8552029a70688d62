import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';

import { ApiError } from '~/api/client';
import { cn } from '~/lib/cn';
import { count, messageOf } from '~/lib/text';
import { clock } from '~/lib/time';
import { Button } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { ErrorPanel } from '~/ui/error-panel';
import { Section } from '~/ui/page';
import { Search } from '~/ui/search';
import { SkeletonRows } from '~/ui/skeleton';

import { Ansi } from './ansi';
import { find } from './buffer';
import { useBuildLog } from './use-build-log';

const ROW = 20;
/** Lines the panel shows at most before it scrolls. */
const TALL = 26;

export function BuildLog({ id, live }: { id: string; live: boolean }) {
  const { buffer, version, error, loaded, retry } = useBuildLog(id, live);
  const [text, setText] = useState('');
  const [service, setService] = useState('');
  // The buffer is the same object for good: its version says that it changed.
  const shown = useMemo(
    () => find(buffer.lines, text, service),
    // oxlint-disable-next-line react/exhaustive-deps
    [buffer, version, text, service],
  );
  const services = useMemo(
    () => [...new Set(buffer.lines.map((line) => line.service))].filter(Boolean).toSorted(),
    // oxlint-disable-next-line react/exhaustive-deps
    [buffer, version],
  );
  const total = buffer.lines.length;
  const size = shown?.length ?? total;

  let body;
  if (total > 0) {
    body =
      size > 0 ? (
        <Lines buffer={buffer.lines} shown={shown} size={size} live={live} />
      ) : (
        <Empty
          title="No line matches"
          action={
            <Button
              onClick={() => {
                setText('');
                setService('');
              }}
            >
              Clear the filter
            </Button>
          }
        />
      );
  } else if (error) {
    body = (
      <ErrorPanel
        title="Could not load the build log"
        message={messageOf(error)}
        requestId={error instanceof ApiError ? error.requestId : undefined}
        onRetry={retry}
      />
    );
  } else if (!loaded) {
    body = <SkeletonRows rows={4} height={28} />;
  } else {
    body = (
      <Empty title={live ? 'No output yet' : 'No output'}>
        {live
          ? 'Lines appear here as the builders write them; a job’s come once it ended.'
          : 'No service of this deployment was built and no job ran, or it ended before.'}
      </Empty>
    );
  }

  return (
    <Section title="Build log">
      {total > 0 && (
        <div role="search" className="mb-2 flex flex-wrap items-center gap-2">
          <Search label="Search the log" value={text} onChange={setText} />
          {services.length > 1 && (
            <select
              aria-label="Service"
              value={service}
              onChange={(event) => setService(event.target.value)}
              className="h-8 rounded-control border border-line-strong bg-surface px-2 text-ui"
            >
              <option value="">All services</option>
              {services.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
          <span className="text-ui text-text-2 tabular-nums">
            {shown
              ? `${size.toLocaleString('en')} of ${count(total, 'line')}`
              : count(total, 'line')}
          </span>
          {buffer.dropped > 0 && (
            <span className="text-meta text-text-2">
              {count(buffer.dropped, 'older line')} not kept
            </span>
          )}
        </div>
      )}
      {body}
    </Section>
  );
}

type Props = {
  buffer: readonly { id: number; service: string; line: string; at: string }[];
  shown: readonly number[] | null;
  size: number;
  live: boolean;
};

function Lines({ buffer, shown, size, live }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(true);
  const [seen, setSeen] = useState(size);
  const rows = useVirtualizer({
    count: size,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 20,
  });

  useEffect(() => {
    if (follow && size > 0) rows.scrollToIndex(size - 1, { align: 'end' });
    // The virtualizer is a new object each time; only what there is to follow counts.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [follow, size]);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < ROW;
    if (atEnd === follow) return;
    setFollow(atEnd);
    setSeen(size);
  };

  const fresh = follow ? 0 : Math.max(0, size - seen);
  return (
    <div className="relative">
      <div
        ref={scroller}
        onScroll={onScroll}
        role="region"
        aria-label="Build log"
        // Reading every line aloud would drown everything else.
        aria-live="off"
        // A region that scrolls must be reachable by keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        className="overflow-auto rounded-panel border border-line bg-code py-2 font-mono text-meta leading-5"
        style={{ height: Math.min(size, TALL) * ROW + 18 }}
      >
        <div className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((row) => {
            const line = buffer[shown ? (shown[row.index] ?? 0) : row.index];
            if (!line) return null;
            return (
              <div
                key={line.id}
                className="absolute left-0 flex min-w-full gap-4 px-3 whitespace-pre hover:bg-hover"
                style={{ height: ROW, transform: `translateY(${row.start}px)` }}
              >
                <time dateTime={line.at} className="text-text-3 max-sm:hidden">
                  {clock(line.at)}
                </time>
                <span className="w-20 shrink-0 truncate text-accent" title={line.service}>
                  {line.service}
                </span>
                <span>
                  <Ansi line={line.line} />
                </span>
              </div>
            );
          })}
        </div>
      </div>
      {!follow && (live || fresh > 0) && (
        <div className={cn('absolute right-4 bottom-3')}>
          <Button size="small" onClick={() => setFollow(true)}>
            {fresh > 0 ? `${fresh.toLocaleString('en')} new` : 'Follow'}
            <ArrowDown size={14} aria-hidden />
          </Button>
        </div>
      )}
    </div>
  );
}
