import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, WrapText } from 'lucide-react';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';

import { ApiError } from '~/api/client';
import { cn } from '~/lib/cn';
import { useNarrow } from '~/lib/narrow';
import { count, messageOf } from '~/lib/text';
import { clock } from '~/lib/time';
import { Button } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { ErrorPanel } from '~/ui/error-panel';
import { Section } from '~/ui/page';
import { Search } from '~/ui/search';
import { Select } from '~/ui/select';
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
  const [chosen, setChosen] = useState<boolean>();
  // A phone shows the first words of a line, if anything, where they do not wrap.
  const narrow = useNarrow();
  const wrap = chosen ?? narrow;
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
        <Lines buffer={buffer.lines} shown={shown} size={size} live={live} wrap={wrap} />
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
            <Select
              aria-label="Service"
              value={service}
              onChange={(event) => setService(event.target.value)}
            >
              <option value="">All services</option>
              {services.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
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
          <span className="ml-auto">
            <Button
              size="icon"
              aria-label="Wrap long lines"
              title="Wrap long lines (w)"
              aria-keyshortcuts="w"
              aria-pressed={wrap}
              onClick={() => setChosen(!wrap)}
            >
              <WrapText size={16} aria-hidden />
            </Button>
          </span>
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
  wrap: boolean;
};

function Lines({ buffer, shown, size, live, wrap }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const top = useRef(0);
  const [follow, setFollow] = useState(true);
  const [seen, setSeen] = useState(size);
  const rows = useVirtualizer({
    count: size,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 20,
  });

  // Where lines wrap it grows as they are measured.
  const total = rows.getTotalSize();

  useLayoutEffect(() => {
    const first = rows.range?.startIndex ?? 0;
    // Measured heights are of lines that wrap.
    if (!wrap) rows.measure();
    if (!follow) rows.scrollToIndex(first, { align: 'start' });
    // What one reads stays; only how it is laid out counts here.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [wrap]);
  useEffect(() => {
    if (follow && size > 0) rows.scrollToIndex(size - 1, { align: 'end' });
    // The virtualizer is a new object each time; only what there is to follow counts.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [follow, size, total]);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < ROW;
    // A line that turns out to be longer leaves the end behind, but nobody went up.
    const next = atEnd || (follow && element.scrollTop >= top.current);
    top.current = element.scrollTop;
    if (next === follow) return;
    setFollow(next);
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
        style={{ height: Math.min(total, TALL * ROW) + 18 }}
      >
        <div className="relative" style={{ height: total }}>
          {rows.getVirtualItems().map((row) => {
            const line = buffer[shown ? (shown[row.index] ?? 0) : row.index];
            if (!line) return null;
            return (
              <div
                key={line.id}
                ref={wrap ? rows.measureElement : undefined}
                data-index={row.index}
                className={cn(
                  'absolute left-0 flex gap-4 px-3 hover:bg-hover',
                  wrap ? 'w-full whitespace-pre-wrap' : 'min-w-full whitespace-pre',
                )}
                style={{ minHeight: ROW, transform: `translateY(${row.start}px)` }}
              >
                <time dateTime={line.at} className="text-text-3 max-sm:hidden">
                  {clock(line.at)}
                </time>
                <span className="w-20 shrink-0 truncate text-accent" title={line.service}>
                  {line.service}
                </span>
                <span className={cn(wrap && 'min-w-0 wrap-anywhere')}>
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
