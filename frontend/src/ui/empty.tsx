import type { ReactNode } from 'react';

/** Nothing here yet: what this place is for, and the next step. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="rounded-panel border border-dashed border-line px-6 py-10 text-center">
      <p className="text-body font-medium">{title}</p>
      {children && <div className="mx-auto mt-1 max-w-md text-ui text-text-2">{children}</div>}
      {action && <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}
