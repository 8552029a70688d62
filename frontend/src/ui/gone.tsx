import type { ReactNode } from 'react';

import { Empty } from './empty';

/** What an address names is not there: what that may mean, and a way on. */
export function Gone({ what, back }: { what: string; back?: ReactNode }) {
  return (
    <Empty title={`There is no ${what}`} action={back}>
      It may have been removed, or the link is mistyped.
    </Empty>
  );
}
