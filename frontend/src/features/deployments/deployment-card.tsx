import { Link } from '@tanstack/react-router';

import type { Deployment, Trigger } from '~/api/schema.gen';
import { firstLine, shortSha } from '~/lib/text';
import { Panel } from '~/ui/page';
import { Status } from '~/ui/status';
import { Ago } from '~/ui/time';

import { PhaseStrip } from './phase-strip';
import { ReasonLine } from './reason-line';
import { isOver, statusOf, TRIGGER_WORDS } from './words';

/** What whoever wrote the commit set off. The rest, somebody asked for. */
const BY_AUTHOR: ReadonlySet<Trigger> = new Set(['push', 'tag', 'pull_request']);

/** One deployment in a list: what, by whom, when, and how far it came. */
export function DeploymentCard({ deployment }: { deployment: Deployment }) {
  const { commit, number, stack } = deployment;
  return (
    <Panel>
      <div className="flex min-h-9 flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-3 py-1.5 text-ui">
        <Link
          to="/stacks/$stack/deployments/$number"
          params={{ stack, number: String(number) }}
          className="font-semibold tabular-nums hover:underline"
        >
          #{number}
        </Link>
        <code className="font-mono text-meta text-text-2" title={commit.sha}>
          {shortSha(commit.sha)}
        </code>
        <span className="min-w-0 flex-1 basis-40 truncate">{firstLine(commit.message)}</span>
        <Status {...statusOf(deployment)} />
        <span className="text-meta whitespace-nowrap text-text-2">
          {TRIGGER_WORDS[deployment.trigger]}
          {BY_AUTHOR.has(deployment.trigger) && commit.author && ` by ${commit.author}`} ·{' '}
          <Ago at={deployment.created_at} />
        </span>
      </div>
      <PhaseStrip phases={deployment.phases} over={isOver(deployment)} />
      <ReasonLine deployment={deployment} />
    </Panel>
  );
}
