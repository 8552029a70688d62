import { GitCommitHorizontal } from 'lucide-react';

import { firstLine, shortSha } from '~/lib/text';

/** A commit in one line: its short SHA and the first line of its message. */
export function CommitLine({ sha, message }: { sha: string; message: string }) {
  return (
    <span className="flex min-w-0 items-baseline gap-1.5">
      <GitCommitHorizontal size={14} className="shrink-0 self-center text-text-3" aria-hidden />
      <code className="font-mono text-meta text-text-2" title={sha}>
        {shortSha(sha)}
      </code>
      <span className="truncate text-text-2">{firstLine(message)}</span>
    </span>
  );
}
