import { ArrowDown } from 'lucide-react';
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, MouseEvent, WheelEvent } from 'react';
import { flushSync } from 'react-dom';

import { Button } from '~/ui/button';

import { even, guess, ROW, uneven, WRAPPED, wrappedBase } from './geometry';
import { HeadStrip, HEAD } from './head-strip';
import { day, LogRow } from './log-row';
import type { LogSession } from './log-session';
import { isPicked, type Picked } from './pick';

/** Rows beyond each edge, so that a quick scroll finds them there. */
const OVERSCAN = 12;
/** The same while all of them are new: with every part that comes, and after a leap. */
const FEW = 4;
/** What is taken for the height until it is known. */
const UNMEASURED = 640;
/** The rows in the page are so many, or twice as many. */
const POOL = 64;
/** What a letter of the monospaced type takes, and what stands beside the message, in pixels. */
const LETTER = 7.2;

type Props = {
  session: LogSession;
  /** Tells that the session changed. */
  version: number;
  wrap: boolean;
  times: boolean;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  picked: Picked | undefined;
  /** `extend`: from what was selected before to this one. */
  onPick: (id: string | undefined, extend: boolean) => void;
  onCopy: () => void;
  /** What lies under the grid; the button to the newest lines stands above it. */
  busy: boolean;
};

/**
 * The lines, of which only those in sight are in the page. Whatever comes or goes above what one
 * reads, what one reads stays where it is.
 */
export function LogGrid(props: Props) {
  const { session, version, wrap, follow, onFollow, picked, onPick } = props;
  const { buffer, facts } = session;
  const { lines } = buffer;
  const grid = useRef<HTMLDivElement>(null);
  const name = useId();
  const [box, setBox] = useState({ top: 0, height: 0, width: 0, leapt: false });
  const [seen, setSeen] = useState(0);
  /** The row at the upper edge, and where it was laid out: what has to stay. */
  const anchor = useRef<{ id: string; start: number }>(undefined);
  const goal = useRef<{ id: string; centre: boolean }>(undefined);
  const placed = useRef(-1);
  const lastTop = useRef(0);
  const base = useRef(0);
  const heights = useRef({ key: '', of: new Map<string, number>() });
  const [measured, setMeasured] = useState(0);

  const times = props.times ? (spansDays(lines) ? 'day' : 'clock') : 'none';
  const heightsKey = `${wrap} ${box.width} ${times}`;
  if (heights.current.key !== heightsKey) heights.current = { key: heightsKey, of: new Map() };
  const focus = goal.current?.id ?? (follow ? undefined : anchor.current?.id);
  base.current = wrap
    ? wrappedBase(
        lines.length,
        focus === undefined ? lines.length - 1 : buffer.place(focus),
        base.current,
      )
    : 0;
  const first = base.current;
  const geometry = useMemo(() => {
    if (!wrap) return even(lines.length);
    const columns = Math.floor((box.width - 160 - (times === 'none' ? 0 : 80)) / LETTER);
    const { of } = heights.current;
    return uneven(
      lines
        .slice(first, first + WRAPPED)
        .map(({ id, text }) => of.get(id) ?? guess(text.length, columns)),
    );
    // The lines are the same array while they grow: their number and the version tell.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [wrap, lines, lines.length, version, first, box.width, times, measured]);

  // While one follows, the end is in sight wherever the box was before the lines came.
  const high = box.height || UNMEASURED;
  const upper = follow ? geometry.total - high : box.top - HEAD;
  const beyond = follow || box.leapt ? FEW : OVERSCAN;
  const from = Math.max(0, geometry.at(upper) - beyond);
  const to = Math.min(geometry.count - 1, geometry.at(upper + high) + beyond);

  const pool = POOL * Math.ceil((to - from + 1) / POOL);

  const note = () => {
    const element = grid.current;
    if (!element) return;
    const { scrollTop: top, clientHeight: height, clientWidth: width } = element;
    const index = geometry.at(top - HEAD);
    const line = lines[first + index];
    anchor.current = line && { id: line.id, start: geometry.start(index) };
    lastTop.current = top;
    setBox((was) =>
      (follow || was.top === top) && was.height === height && was.width === width
        ? was
        : { top, height, width, leapt: Math.abs(top - was.top) > height },
    );
  };

  // After every render: whatever changed, the rows are put where they belong. What is written down
  // is the same the second time, which ends it.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  useLayoutEffect(() => {
    const element = grid.current;
    if (!element) return;
    if (wrap) {
      let grew = false;
      for (const row of element.querySelectorAll<HTMLElement>('[data-line]')) {
        const id = row.dataset.line ?? '';
        const height = row.offsetHeight;
        if (height > 0 && heights.current.of.get(id) !== height) {
          heights.current.of.set(id, height);
          grew = true;
        }
      }
      if (grew) setMeasured((n) => n + 1);
    }
    if (placed.current !== buffer.generation) {
      placed.current = buffer.generation;
      const wanted = picked && buffer.find(picked.to) !== undefined ? picked.to : undefined;
      if (wanted && !follow) goal.current = { id: wanted, centre: true };
      else element.scrollTop = element.scrollHeight;
    } else if (follow) {
      element.scrollTop = element.scrollHeight;
    } else if (anchor.current && !goal.current) {
      const now = geometry.start(buffer.place(anchor.current.id) - first);
      if (now !== anchor.current.start) element.scrollTop += now - anchor.current.start;
    }
    if (goal.current) {
      const { id, centre } = goal.current;
      goal.current = undefined;
      const start = HEAD + geometry.start(buffer.place(id) - first);
      const { clientHeight: height, scrollTop: top } = element;
      if (centre) element.scrollTop = start - (height - ROW) / 2;
      else if (start < top + ROW) element.scrollTop = start - ROW;
      else if (start + 2 * ROW > top + height) element.scrollTop = start + 2 * ROW - height;
    }
    note();
  });

  useEffect(() => {
    const element = grid.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => note());
    watcher.observe(element);
    return () => watcher.disconnect();
    // `note` reads what is there at the time.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [geometry]);

  // More at an edge before one gets there. Not again by itself after it failed.
  useEffect(() => {
    const element = grid.current;
    if (!element || facts.moreError) return;
    const { scrollTop: top, scrollHeight: all, clientHeight: height } = element;
    const near = Math.max(600, 2 * height);
    if (top < near && first === 0) void session.older();
    if (all - top - height < near) void session.newer();
  });

  // New lines while one reads older ones are counted from here.
  const [following, setFollowing] = useState(follow);
  if (following !== follow) {
    setFollowing(follow);
    setSeen(buffer.appended);
  }
  const fresh = follow ? 0 : Math.max(0, buffer.appended - seen);

  const onScroll = () => {
    const element = grid.current;
    if (!element) return;
    const { scrollTop: top, scrollHeight: all, clientHeight: height } = element;
    const rest = all - top - height;
    const moved = top - lastTop.current;
    // At once, in the frame that shows the place: later would be one without its rows, and while one
    // scrolls on it would be drawn for a place that is past, and again for the next.
    flushSync(() => {
      // Far from the end says nothing: the page may have taken room from the box since it was put
      // there. Up from where it was put, in a box as high as then, is somebody's doing.
      if (follow && moved < 0 && rest > 1 && height === box.height) onFollow(false);
      else if (!follow && moved > 0 && rest < ROW && !facts.newer) onFollow(true);
      note();
    });
  };

  const onWheel = (event: WheelEvent) => {
    if (event.deltaY < 0 && follow) onFollow(false);
  };

  const go = (index: number, extend: boolean) => {
    const line = lines[Math.max(0, Math.min(index, lines.length - 1))];
    if (!line) return;
    onFollow(false);
    goal.current = { id: line.id, centre: false };
    onPick(line.id, extend);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const { key, shiftKey } = event;
    if ((event.ctrlKey || event.metaKey) && !event.altKey) {
      if (key.toLowerCase() !== 'c' || !picked || window.getSelection()?.toString()) return;
      event.preventDefault();
      props.onCopy();
      return;
    }
    if (event.altKey) return;
    const page = Math.max(1, Math.floor(box.height / ROW) - 1);
    const here = picked && buffer.place(picked.to);
    const steps: Record<string, number> = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -page,
      PageDown: page,
    };
    const step = steps[key];
    if (key === 'Escape' && picked) onPick(undefined, false);
    else if (key === 'End' && !shiftKey && !facts.newer && session.open) {
      onPick(undefined, false);
      onFollow(true);
    } else if (key === 'Home') go(0, shiftKey);
    else if (key === 'End') go(lines.length - 1, shiftKey);
    else if (step !== undefined && here !== undefined) go(here + step, shiftKey);
    else if (key === 'ArrowUp') go(first + geometry.at(upper + high - ROW), false);
    else if (key === 'ArrowDown') go(first + geometry.at(upper + ROW), false);
    else if (step !== undefined) {
      if (step < 0) onFollow(false);
      grid.current?.scrollBy({ top: step * ROW });
    } else return;
    event.preventDefault();
  };

  const onClick = (event: MouseEvent) => {
    // Who marks a part of a line with the mouse wants that part.
    if (window.getSelection()?.toString()) return;
    const row = (event.target as Element).closest<HTMLElement>('[data-line]');
    if (!row?.dataset.line) return;
    onFollow(false);
    const { line } = row.dataset;
    const alone = !event.shiftKey && picked?.from === line && picked.to === line;
    onPick(alone ? undefined : line, event.shiftKey);
  };

  const rowId = (id: string) => `${name}-${id}`;
  const active = picked && buffer.find(picked.to);
  return (
    <div className="relative min-h-0 flex-1" aria-busy={props.busy}>
      <div
        ref={grid}
        role="grid"
        aria-label="Log lines"
        // Reading every line aloud would drown everything else.
        aria-live="off"
        aria-multiselectable
        aria-rowcount={facts.older || facts.newer ? -1 : lines.length}
        aria-activedescendant={
          active !== undefined && active >= first + from && active <= first + to && picked
            ? rowId(picked.to)
            : undefined
        }
        tabIndex={0}
        onScroll={onScroll}
        onWheel={onWheel}
        onKeyDown={onKeyDown}
        onMouseDown={(event) => event.shiftKey && event.preventDefault()}
        onClick={onClick}
        className="absolute inset-0 overflow-auto bg-code font-mono text-meta leading-5 [font-variant-ligatures:none] -outline-offset-2 [contain:strict] [overflow-anchor:none]"
      >
        <HeadStrip session={session} />
        <div role="rowgroup" className="relative" style={{ height: geometry.total + 4 }}>
          {Array.from({ length: Math.max(0, to - from + 1) }, (_, offset) => {
            const index = from + offset;
            const line = lines[first + index];
            return (
              line && (
                <LogRow
                  // A row that leaves at one edge is filled anew at the other: that costs less than
                  // a new one, of which a quick scroll would need a screenful.
                  key={(first + index) % pool}
                  line={line}
                  index={first + index}
                  top={geometry.start(index)}
                  id={rowId(line.id)}
                  picked={isPicked(picked, line.id)}
                  wrap={wrap}
                  times={times}
                  q={session.search.q ?? ''}
                />
              )
            );
          })}
        </div>
      </div>
      {!follow && (fresh > 0 || facts.newer) && (
        <div className="absolute right-5 bottom-4">
          <Button size="small" onClick={() => onFollow(true)}>
            {facts.newer ? 'To the newest' : `${fresh.toLocaleString('en')} new`}
            <ArrowDown size={14} aria-hidden />
          </Button>
        </div>
      )}
    </div>
  );
}

/** Whether a clock alone would leave it open which day a line is from. */
function spansDays(lines: LogSession['buffer']['lines']): boolean {
  const [first] = lines;
  return first !== undefined && day(first.at) !== day(new Date().toISOString());
}
