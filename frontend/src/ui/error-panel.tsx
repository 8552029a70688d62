import { CircleX } from 'lucide-react';

import { Button } from './button';
import { CopyButton } from './copy';

/** Stands where the data would: what failed, the request's id for the log, and another try. */
export function ErrorPanel({
  title,
  message,
  requestId,
  onRetry,
  busy,
}: {
  title: string;
  message: string;
  requestId?: string | undefined;
  onRetry?: () => void;
  busy?: boolean;
}) {
  return (
    <div role="alert" className="rounded-panel border border-bad-line bg-bad-soft px-4 py-3">
      <div className="flex items-start gap-2.5">
        <CircleX size={16} className="mt-0.5 shrink-0 text-bad" aria-hidden />
        <div className="min-w-0 flex-1">
          <p className="text-ui font-semibold">{title}</p>
          <p className="text-ui break-words">{message}</p>
          {requestId && (
            <p className="mt-1 flex items-center gap-1 text-meta text-text-2">
              Request <code className="font-mono">{requestId}</code>
              <CopyButton text={requestId} label="Copy the request id" />
            </p>
          )}
        </div>
        {onRetry && (
          <Button size="small" onClick={onRetry} busy={busy}>
            Retry
          </Button>
        )}
      </div>
    </div>
  );
}
