import type { ReactNode } from 'react';

import { Button } from './button';
import { CopyButton } from './copy';

/** A secret, the only time that it is shown. `children` says so. */
export function Once({
  title,
  secret,
  copyLabel,
  onDone,
  children,
}: {
  title: ReactNode;
  secret: string;
  copyLabel: string;
  onDone: () => void;
  children: ReactNode;
}) {
  return (
    <div
      role="status"
      className="mb-6 rounded-panel border border-warn-line bg-warn-soft px-4 py-3"
    >
      <p className="text-ui font-semibold break-words">{title}</p>
      <p className="text-ui text-text-2">{children}</p>
      <div className="mt-2 flex flex-wrap items-center gap-2">
        <code className="min-w-40 flex-1 rounded-control border border-line bg-surface px-2.5 py-1.5 font-mono text-meta break-all">
          {secret}
        </code>
        <CopyButton text={secret} label={copyLabel} />
        <Button size="small" onClick={onDone}>
          Done
        </Button>
      </div>
    </div>
  );
}
