import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import type { KeyboardEvent, MouseEvent } from 'react';

import type { LogLine } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { clock } from '~/lib/time';
import { Button } from '~/ui/button';

import { Ansi } from './ansi';
import { placeOf } from './buffer';

const ROW = 20;
/** Lines the panel shows at most before it scrolls. */
const TALL = 26;

/** A page has one build log: whatever leads to a line of it finds it by this. */
export const GRID_ID = 'build-log';

type Props = {
  buffer: readonly LogLine[];
  /** Which of them are shown; null means all. */
  shown: readonly number[] | null;
  /** What tells one filter from another, and one address from the next. */
  filter: string;
  live: boolean;
  /** Whether all that there was is here: what comes then is new. */
  loaded: boolean;
  wrap: boolean;
  picked: number | undefined;
  /** `wait`: more of them may come right after it. */
  onPick: (id: number | undefined, wait?: boolean) => void;
  onCopy: () => void;
};

/** The lines of a build log, of which only those in sight are in the page. */
export function BuildLines(props: Props) {
  const { buffer, shown, filter, live, wrap, picked, onPick } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const name = useId();
  const top = useRef(0);
  const moving = useRef(false);
  const [follow, setFollow] = useState(picked === undefined);
  const size = shown?.length ?? buffer.length;
  const [seen, setSeen] = useState(size);
  // The last part of what there was comes together with word that it was the last.
  const [complete, setComplete] = useState(props.loaded);
  if (!complete) {
    if (seen !== size) setSeen(size);
    if (props.loaded) setComplete(true);
  }
  const rows = useVirtualizer({
    count: size,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const lineAt = (index: number) => buffer[shown ? (shown[index] ?? 0) : index];
  const place = picked === undefined ? undefined : placeOf(buffer, shown, picked);

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

  // A line that an address brings is put in sight once it is here, and so is the one that is selected
  // where another filter has others around it.
  const landed = useRef(picked === undefined ? filter : undefined);
  useEffect(() => {
    if (picked === undefined) landed.current = filter;
    if (place === undefined || landed.current === filter) return;
    // The page is long: this log is far below where it opens.
    if (landed.current === undefined) scroller.current?.scrollIntoView({ block: 'center' });
    landed.current = filter;
    moving.current = true;
    setFollow(false);
    rows.scrollToIndex(place, { align: 'center' });
    // oxlint-disable-next-line react/exhaustive-deps
  }, [filter, picked, place]);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < ROW;
    // A line that turns out to be longer leaves the end behind, but nobody went up.
    const next = atEnd || (follow && element.scrollTop >= top.current);
    top.current = element.scrollTop;
    // Nobody went to the end either, where the line of a link is one of the last.
    const moved = moving.current;
    moving.current = false;
    if (next === follow || moved) return;
    setFollow(next);
    setSeen(size);
  };

  const pick = (id: number | undefined, wait?: boolean) => {
    if (follow) setSeen(size);
    setFollow(false);
    onPick(id, wait);
  };
  const go = (index: number) => {
    const to = Math.max(0, Math.min(index, size - 1));
    moving.current = true;
    rows.scrollToIndex(to, { align: 'auto' });
    pick(lineAt(to)?.id, true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const { key } = event;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && key.toLowerCase() === 'c') {
      if (picked === undefined || window.getSelection()?.toString()) return;
      event.preventDefault();
      props.onCopy();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (key === 'Escape' && picked !== undefined) onPick(undefined);
    else if (key === 'ArrowUp') go(place === undefined ? (rows.range?.endIndex ?? 0) : place - 1);
    else if (key === 'ArrowDown')
      go(place === undefined ? (rows.range?.startIndex ?? 0) : place + 1);
    else return;
    event.preventDefault();
  };
  const onClick = (event: MouseEvent) => {
    // Who marks a part of a line with the mouse wants that part.
    if (window.getSelection()?.toString()) return;
    const row = (event.target as Element).closest<HTMLElement>('[data-line]');
    if (!row?.dataset.line) return;
    const id = Number(row.dataset.line);
    pick(id === picked ? undefined : id);
  };

  const fresh = follow ? 0 : Math.max(0, size - seen);
  const items = rows.getVirtualItems();
  return (
    <div className="relative">
      <div
        ref={scroller}
        id={GRID_ID}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        onClick={onClick}
        role="grid"
        aria-label="Build log"
        // Reading every line aloud would drown everything else.
        aria-live="off"
        aria-rowcount={size}
        aria-activedescendant={
          items.some(({ index }) => index === place) ? `${name}-${picked}` : undefined
        }
        tabIndex={0}
        className="overflow-auto rounded-panel border border-line bg-code py-2 font-mono text-meta leading-5 -outline-offset-2"
        style={{ height: Math.min(total, TALL * ROW) + 18 }}
      >
        <div role="rowgroup" className="relative" style={{ height: total }}>
          {items.map((row) => {
            const line = lineAt(row.index);
            if (!line) return null;
            const isPicked = line.id === picked;
            return (
              <div
                key={line.id}
                ref={wrap ? rows.measureElement : undefined}
                role="row"
                id={`${name}-${line.id}`}
                aria-rowindex={row.index + 1}
                aria-selected={isPicked}
                data-index={row.index}
                data-line={line.id}
                className={cn(
                  'absolute left-0 flex gap-4 px-3',
                  isPicked ? 'bg-accent-soft' : 'hover:bg-hover',
                  wrap ? 'w-full whitespace-pre-wrap' : 'min-w-full whitespace-pre',
                )}
                style={{ minHeight: ROW, transform: `translateY(${row.start}px)` }}
              >
                <span role="gridcell" className="text-text-3 max-sm:hidden" title={line.at}>
                  {clock(line.at)}
                </span>
                <span
                  role="gridcell"
                  className="w-20 shrink-0 truncate text-accent"
                  title={line.service}
                >
                  {line.service}
                </span>
                <span
                  role="gridcell"
                  className={cn('select-text', wrap && 'min-w-0 wrap-anywhere')}
                >
                  <Ansi line={line.line} />
                </span>
              </div>
            );
          })}
        </div>
      </div>
      {!follow && (live || fresh > 0) && (
        <div className="absolute right-4 bottom-3">
          <Button size="small" onClick={() => setFollow(true)}>
            {fresh > 0 ? `${fresh.toLocaleString('en')} new` : 'Follow'}
            <ArrowDown size={14} aria-hidden />
          </Button>
        </div>
      )}
    </div>
  );
}
