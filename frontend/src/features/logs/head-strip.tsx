import { messageOf } from '~/lib/text';
import { full } from '~/lib/time';
import { Button } from '~/ui/button';

import type { LogSession } from './log-session';

/** What the strip above the first line takes, in pixels. */
export const HEAD = 32;

/** What lies before the first line: more, nothing, or what is not kept. */
export function HeadStrip({ session }: { session: LogSession }) {
  const { older, loadingOlder, moreError, keptSince } = session.facts;
  return (
    <div role="row" className="sticky left-0 w-fit px-4 sm:px-6" style={{ height: HEAD }}>
      <div
        role="gridcell"
        className="flex h-full items-center gap-3 font-sans text-meta text-text-2"
      >
        {moreError ? (
          <>
            <span className="text-bad">More lines did not come: {messageOf(moreError)}</span>
            <Button size="small" onClick={() => void (older ? session.older() : session.newer())}>
              Retry
            </Button>
          </>
        ) : loadingOlder ? (
          'Loading older lines…'
        ) : older ? (
          'Older lines come as you scroll up'
        ) : keptSince ? (
          `Older lines are not kept: these begin ${full(keptSince)}`
        ) : (
          'The first line'
        )}
      </div>
    </div>
  );
}
