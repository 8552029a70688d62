import { CircleAlert, CircleCheck, CircleDashed } from 'lucide-react';
import type { ReactNode } from 'react';

import { cn } from '~/lib/cn';

/**
 * `now` is what to do next, `later` what can't be done yet; `waiting` goes on by itself, unless it
 * is `doubtful` that it will.
 */
export type StepState = 'done' | 'now' | 'later' | 'waiting' | 'doubtful';

const SIGNS = {
  done: { Icon: CircleCheck, tone: 'text-ok', word: 'Done:' },
  waiting: { Icon: CircleDashed, tone: 'text-text-3', word: 'Waiting:' },
  doubtful: { Icon: CircleAlert, tone: 'text-warn', word: 'In doubt:' },
};

/** One numbered card of the setup; what is done shrinks to its result. */
export function Step({
  number,
  title,
  state,
  result,
  children,
}: {
  number: number;
  title: string;
  state: StepState;
  /** One line that stands for the step once it is done. */
  result?: ReactNode;
  children: ReactNode;
}) {
  const sign = state === 'now' || state === 'later' ? null : SIGNS[state];
  return (
    <li
      aria-current={state === 'now' ? 'step' : undefined}
      className={cn(
        'rounded-panel border px-4 py-3 sm:px-5 sm:py-4',
        state === 'later' ? 'border-dashed border-line' : 'border-line bg-surface',
      )}
    >
      <div className="flex items-center gap-3">
        {sign ? (
          <sign.Icon size={20} className={cn('shrink-0', sign.tone)} aria-label={sign.word} />
        ) : (
          <span
            aria-hidden
            className={cn(
              'grid size-5 shrink-0 place-items-center rounded-full text-meta font-semibold',
              state === 'now' ? 'bg-ink text-on-ink' : 'bg-active text-text-2',
            )}
          >
            {number}
          </span>
        )}
        <h2 className={cn('text-body font-semibold', state === 'later' && 'text-text-2')}>
          {title}
        </h2>
      </div>
      {state === 'done' && result && <div className="mt-1 pl-8 text-ui text-text-2">{result}</div>}
      {state !== 'done' && state !== 'later' && (
        <div className="mt-2 space-y-4 sm:pl-8">{children}</div>
      )}
    </li>
  );
}

export function Waiting({ children }: { children: ReactNode }) {
  return (
    <p role="status" className="flex items-center gap-2 text-ui text-text-2">
      <CircleDashed size={16} className="shrink-0 text-text-3" aria-hidden />
      {children}
    </p>
  );
}
