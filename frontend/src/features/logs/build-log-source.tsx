import { createContext, use, type ReactNode } from 'react';

import { useBuildLog, type BuildLogState } from './use-build-log';

/**
 * One deployment's build log for the whole page: it is read once, the log shows it, and each phase
 * knows where in it its own lines are. It draws nothing.
 */

const Source = createContext<BuildLogState | null>(null);

export function BuildLogSource({
  id,
  live,
  children,
}: {
  id: string;
  live: boolean;
  children: ReactNode;
}) {
  const log = useBuildLog(id, live);
  return <Source value={log}>{children}</Source>;
}

export function useBuildLogSource(): BuildLogState {
  const source = use(Source);
  if (!source) throw new Error('There is no build log here: BuildLogSource is missing.');
  return source;
}
