import { useEffect, useRef, useState, useSyncExternalStore } from 'react';

import type { LogSearch } from './filter';
import { LogSession } from './log-session';

const NOTHING = { watch: () => () => {}, version: () => 0 };

/**
 * The log as the address asks for it. Each filter is a session of its own; the one before stays on
 * the screen until the new one has something to show, and a narrower one begins with its lines.
 */
export function useLogSession(
  stack: string,
  search: LogSearch,
): { session: LogSession | undefined; version: number; pending: boolean } {
  const [session, setSession] = useState<LogSession>();
  const wide = useRef<LogSession>(undefined);
  const { at, wrap: _, ...filter } = search;
  const key = JSON.stringify([stack, filter]);
  const [shown, setShown] = useState('');

  useEffect(() => {
    const mine = new LogSession(stack, filter);
    let here = true;
    const root = wide.current?.stack === stack ? wide.current : undefined;
    if (!root?.covers(filter)) wide.current = mine;
    void mine.start(at, root).then(() => {
      if (!here) return;
      setSession(mine);
      setShown(key);
    });
    return () => {
      here = false;
      mine.stop();
    };
    // The key stands for the stack and the filter. A line that is selected later is not read anew.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [key]);

  const { watch, version } = session ?? NOTHING;
  return { session, version: useSyncExternalStore(watch, version), pending: shown !== key };
}
