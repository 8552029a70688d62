import { useQuery } from '@tanstack/react-query';
import { GitBranch, GitPullRequest, Tag, type LucideIcon } from 'lucide-react';
import { useMemo, useState } from 'react';

import { useDenied } from '~/api/access';
import { isStatus } from '~/api/client';
import { sortFaults } from '~/api/faults';
import { Loaded } from '~/api/loaded';
import { ruleMatchesQuery } from '~/api/queries';
import type { CandidateKind, RuleDraft, RuleMatch } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { asSentence } from '~/lib/text';
import { Empty } from '~/ui/empty';
import { inParts, Long, type Place } from '~/ui/long';
import { More } from '~/ui/more';
import { Panel } from '~/ui/page';
import { Said } from '~/ui/said';
import { SkeletonRows } from '~/ui/skeleton';
import { StatusIcon } from '~/ui/status';

/** Rows at once: a repository may have thousands of branches. */
const STEP = 50;

const ICONS = {
  branch: GitBranch,
  tag: Tag,
  pull_request: GitPullRequest,
} satisfies Record<CandidateKind, LucideIcon>;

/** What the draft would match now, over every branch and open pull request. */
export function RuleMatches({ draft }: { draft: RuleDraft }) {
  const denied = useDenied('admin');
  const asked = Boolean(draft.repository_id) && !denied;
  const query = useQuery({ ...ruleMatchesQuery(draft), enabled: asked });
  if (!asked) return null;
  const matching = query.data?.items.filter(({ matched }) => matched).length;
  return (
    <section aria-label="What would match now" aria-busy={query.isFetching}>
      <h2 className="mb-1.5 flex items-baseline gap-2 text-ui font-medium">
        What would match now
        {query.data && !query.error && (
          <span role="status" className="font-normal text-text-2 tabular-nums">
            {matching} of {query.data.items.length}
          </span>
        )}
      </h2>
      {isStatus(query.error, 422) ? (
        <Empty title="This draft cannot be read yet">{sortFaults(query.error, []).rest}</Empty>
      ) : (
        <Loaded
          query={query.error ? { ...query, data: undefined } : query}
          what="the branches and pull requests"
          skeleton={<SkeletonRows rows={4} />}
        >
          {({ items }) => <Candidates items={items} />}
        </Loaded>
      )}
    </section>
  );
}

const candidate = (item: RuleMatch, place: Place) => (
  <Candidate key={`${item.kind} ${item.number ?? item.name}`} item={item} place={place} />
);

function Candidates({ items }: { items: readonly RuleMatch[] }) {
  const [shown, setShown] = useState(1);
  const parts = useMemo(
    // What matches comes first; sorting keeps the server's order within both.
    () =>
      inParts(
        items.toSorted((one, other) => Number(other.matched) - Number(one.matched)),
        STEP,
      ),
    [items],
  );
  if (items.length === 0) {
    return (
      <Empty title="No branch and no open pull request">
        The repository is empty. The rule waits for its first push.
      </Empty>
    );
  }
  const more = shown < parts.length;
  return (
    <Panel>
      {/* What is below stays within reach. */}
      <div
        role="group"
        aria-label="Branches and pull requests"
        // A box that scrolls must be reachable by keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        className="max-h-[60vh] overflow-y-auto -outline-offset-2"
      >
        <div role="list" className="divide-y divide-line">
          <Long as="div" parts={parts.slice(0, shown)} more={more} row={candidate} />
        </div>
        <More has={more} busy={false} bySelf onMore={() => setShown(shown + 1)} />
      </div>
    </Panel>
  );
}

function Candidate({ item, place }: { item: RuleMatch; place: Place }) {
  const Icon = ICONS[item.kind];
  return (
    <div {...place} className="flex items-start gap-2.5 px-3 py-2.5 text-ui">
      <span className="mt-0.5">
        <StatusIcon look={item.matched ? 'done' : 'stopped'} />
      </span>
      <Icon size={15} className="mt-0.5 shrink-0 text-text-3" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className={cn('flex min-w-0 flex-wrap gap-x-2', !item.matched && 'text-text-2')}>
          <span className="sr-only">{item.matched ? 'Matches: ' : 'Does not match: '}</span>
          <code className="font-mono text-meta leading-5 break-all">{item.name}</code>
          {item.number !== null && (
            <span className="min-w-0 break-words text-text-2">
              #{item.number} {item.title}
            </span>
          )}
        </p>
        <p className="text-meta break-words text-text-2">
          <Said text={asSentence(item.reason)} />
        </p>
        {item.environment && (
          <p className="text-meta break-words">
            Deploys <code className="font-mono">{item.environment}</code> at{' '}
            <code className="font-mono">{item.host}</code>
          </p>
        )}
      </div>
    </div>
  );
}
