import { Fragment, memo, type ReactNode } from 'react';

import type { ContainerLine, LogLevel } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { clock } from '~/lib/time';

import { spans } from './ansi';

/** More of one line is in the download; a screen has no use for it. */
const LONGEST = 8_000;

const TONES = {
  error: 'text-bad',
  warn: 'text-warn',
  info: '',
  debug: 'text-text-2',
} satisfies Record<LogLevel, string>;

const EDGES = {
  error: 'border-bad',
  warn: 'border-warn',
  info: 'border-transparent',
  debug: 'border-transparent',
} satisfies Record<LogLevel, string>;

const DAY = new Intl.DateTimeFormat(undefined, { day: '2-digit', month: 'short' });
export const day = (at: string): string => DAY.format(new Date(at));

/** Many lines share a second, and a clock takes its time. */
const clocks = new Map<string, string>();
function clockOf(at: string): string {
  const second = at.slice(0, 19);
  let text = clocks.get(second);
  if (text === undefined) {
    text = clock(at);
    if (clocks.size > 2_000) clocks.clear();
    clocks.set(second, text);
  }
  return text;
}

type Props = {
  line: ContainerLine;
  index: number;
  top: number;
  id: string;
  picked: boolean;
  wrap: boolean;
  times: 'none' | 'clock' | 'day';
  q: string;
};

export const LogRow = memo(function Row({ line, index, top, id, picked, wrap, times, q }: Props) {
  const level = line.level ?? 'info';
  return (
    <div
      role="row"
      id={id}
      data-line={line.id}
      aria-rowindex={index + 1}
      aria-selected={picked}
      className={cn(
        'absolute top-0 left-0 flex gap-x-4 border-l-2 pr-4 pl-3.5 leading-5 sm:pl-5.5',
        EDGES[level],
        picked ? 'bg-accent-soft' : 'hover:bg-hover',
        wrap ? 'w-full' : 'h-5 min-w-full overflow-hidden whitespace-pre',
      )}
      style={{ transform: `translateY(${top}px)` }}
    >
      {times !== 'none' && (
        <span role="gridcell" className="shrink-0 text-text-3 tabular-nums" title={line.at}>
          {times === 'day' ? `${day(line.at)} ${clockOf(line.at)}` : clockOf(line.at)}
        </span>
      )}
      <span
        role="gridcell"
        className="w-14 shrink-0 truncate text-accent sm:w-24"
        title={line.node ? `${line.task} on ${line.node}` : line.task}
      >
        {line.service}
      </span>
      <span
        role="gridcell"
        className={cn(
          TONES[level],
          wrap && 'min-w-0 flex-1 wrap-anywhere whitespace-pre-wrap',
          // One may want a part of it, and the keys select whole lines.
          'select-text',
        )}
      >
        {EDGES[level] !== 'border-transparent' && <span className="sr-only">{level}: </span>}
        {message(line.text, q)}
      </span>
    </div>
  );
});

function message(text: string, q: string): ReactNode {
  const cut = text.length > LONGEST;
  return (
    <>
      {spans(cut ? text.slice(0, LONGEST) : text).map((span, index) => (
        // The parts of a line have no other name than their place. Most lines are one plain part,
        // and every element costs with each frame of many lines.
        // oxlint-disable-next-line react/no-array-index-key
        <Fragment key={index}>
          {span.className ? (
            <span className={span.className}>{marked(span.text, q)}</span>
          ) : (
            marked(span.text, q)
          )}
        </Fragment>
      ))}
      {cut && (
        <span className="text-text-3"> … {(text.length - LONGEST).toLocaleString('en')} more</span>
      )}
    </>
  );
}

/** The text with what was searched for marked. */
function marked(text: string, q: string): ReactNode {
  if (q === '') return text;
  const low = text.toLowerCase();
  const wanted = q.toLowerCase();
  // A letter that is longer in lower case would move the places.
  if (low.length !== text.length) return text;
  const parts: ReactNode[] = [];
  let done = 0;
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, done)) {
    parts.push(
      text.slice(done, at),
      <mark key={at} className="rounded-tag bg-warn-soft font-semibold text-text">
        {text.slice(at, at + wanted.length)}
      </mark>,
    );
    done = at + wanted.length;
  }
  return parts.length === 0 ? text : [...parts, text.slice(done)];
}
