import { useBlocker } from '@tanstack/react-router';

import { Confirm } from './dialog';

/** Asks before a page is left on which something is not saved; `what` is what was changed. */
export function Unsaved({ dirty, busy, what }: { dirty: boolean; busy: boolean; what: string }) {
  const blocker = useBlocker({
    shouldBlockFn: () => dirty && !busy,
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  return (
    <Confirm
      open={blocker.status === 'blocked'}
      onOpenChange={(open) => {
        if (!open) blocker.reset?.();
      }}
      title="Leave without saving?"
      action="Leave and drop changes"
      keep="Stay"
      onConfirm={() => {
        blocker.proceed?.();
        return Promise.resolve();
      }}
    >
      <p>What you changed in {what} is not saved.</p>
    </Confirm>
  );
}
