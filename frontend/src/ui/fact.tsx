import type { ReactNode } from 'react';

import { Panel } from './page';

/** Facts by name, one a row. */
export function FactPanel({ children }: { children: ReactNode }) {
  return (
    <Panel>
      <dl className="divide-y divide-line text-ui">{children}</dl>
    </Panel>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid min-h-9 grid-cols-[72px_minmax(0,1fr)] items-baseline gap-2 px-3 py-2">
      <dt className="text-text-2">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}
