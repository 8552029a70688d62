import { AlertDialog } from '@base-ui/react/alert-dialog';
import { useState, type ReactNode } from 'react';

import { messageOf } from '~/lib/text';

import { Button } from './button';

/** Asks before something is lost or interrupted. `children` names the consequence. */
export function Confirm({
  open,
  onOpenChange,
  title,
  action,
  keep = 'Keep it',
  kind = 'danger',
  disabledReason,
  onConfirm,
  children,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  action: string;
  keep?: string;
  /** `primary` where nothing is lost for good. */
  kind?: 'danger' | 'primary';
  /** Why it can't be done by this person. */
  disabledReason?: string | undefined;
  onConfirm: () => Promise<unknown>;
  children: ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  return (
    <AlertDialog.Root
      open={open}
      onOpenChange={(next) => {
        onOpenChange(next);
        setFailure(undefined);
      }}
    >
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="scrim fixed inset-0 bg-scrim" />
        <AlertDialog.Popup className="pop fixed top-[16vh] left-1/2 w-110 max-w-[calc(100vw-32px)] -translate-x-1/2 rounded-panel border border-line bg-raised p-5 shadow-pop">
          <AlertDialog.Title className="text-panel font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description
            render={<div />}
            className="mt-2 space-y-2 text-body text-text-2"
          >
            {children}
          </AlertDialog.Description>
          {failure && (
            <p role="alert" className="mt-3 text-ui font-medium text-bad">
              {failure}
            </p>
          )}
          <div className="mt-5 flex justify-end gap-2">
            <AlertDialog.Close render={<Button />}>{keep}</AlertDialog.Close>
            <Button
              kind={kind}
              busy={busy}
              disabledReason={disabledReason}
              onClick={() => {
                setBusy(true);
                setFailure(undefined);
                onConfirm()
                  .then(() => onOpenChange(false))
                  .catch((error: unknown) => setFailure(messageOf(error)))
                  .finally(() => setBusy(false));
              }}
            >
              {action}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
