import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { useDenied } from '~/api/access';
import { isStatus } from '~/api/client';
import { sortFaults } from '~/api/faults';
import { useSight } from '~/api/list';
import { Loaded } from '~/api/loaded';
import { NextPage } from '~/api/more';
import { ruleReplayQuery } from '~/api/queries';
import type {
  Delivery,
  Outcome,
  ReplayVerdict,
  RuleDraft,
  RuleReplay as Replayed,
} from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { Empty } from '~/ui/empty';
import { Long, type Place } from '~/ui/long';
import { Panel } from '~/ui/page';
import { Said } from '~/ui/said';
import { SkeletonRows } from '~/ui/skeleton';
import { StatusIcon, type Look } from '~/ui/status';
import { Tag } from '~/ui/tag';
import { Ago } from '~/ui/time';

import { differs } from './replay';

const VERDICTS = {
  deploys: { look: 'done', word: 'Would have deployed' },
  previews: { look: 'done', word: 'Would have been previewed' },
  removes: { look: 'noted', word: 'Would have ended its preview' },
  ignored: { look: 'stopped', word: 'Would have been ignored' },
} satisfies Record<ReplayVerdict, { look: Look; word: string }>;

const OUTCOMES = {
  deployed: 'it started a deployment',
  ignored: 'it was ignored',
  recorded: 'it was recorded',
  failed: 'it failed',
} satisfies Record<Outcome, string>;

/** What the draft would have made of what GitHub told before, beside what really came of it. */
export function RuleReplay({ draft }: { draft: RuleDraft }) {
  const denied = useDenied('admin');
  const asked = Boolean(draft.repository_id) && !denied;
  const query = useInfiniteQuery({ ...ruleReplayQuery(draft), enabled: asked });
  const onSight = useSight(query.refetch);
  if (!asked) return null;
  const pages = query.data?.pages ?? [];
  const items = pages.flatMap((page) => page.items);
  const acted = items.filter(({ verdict }) => verdict !== 'ignored').length;
  return (
    <section aria-label="What it would have done" aria-busy={query.isFetching}>
      <h2 className="mb-1.5 flex flex-wrap items-baseline gap-x-2 text-ui font-medium">
        What it would have done
        {query.data && !query.error && items.length > 0 && (
          <span role="status" className="font-normal text-text-2 tabular-nums">
            {acted} of the last {items.length}
            {query.hasNextPage && '+'} {items.length === 1 ? 'delivery' : 'deliveries'}
          </span>
        )}
      </h2>
      {isStatus(query.error, 422) ? (
        <Empty title="This draft cannot be read yet">{sortFaults(query.error, []).rest}</Empty>
      ) : (
        <Loaded
          query={query.error ? { ...query, data: undefined } : query}
          what="the past deliveries"
          skeleton={<SkeletonRows rows={4} />}
        >
          {() =>
            items.length === 0 ? (
              <Empty title="No delivery to look back on">
                Pushes and pull requests of this repository show up here, for 30 days.
              </Empty>
            ) : (
              <Panel>
                <div role="list" className="divide-y divide-line">
                  <Long
                    as="div"
                    parts={pages}
                    keys={query.data?.pageParams ?? []}
                    more={query.hasNextPage}
                    row={line}
                    onSight={onSight}
                  />
                </div>
              </Panel>
            )
          }
        </Loaded>
      )}
      {asked && <NextPage query={query} />}
    </section>
  );
}

const line = (item: Replayed, place: Place) => (
  <Line key={item.delivery.id} item={item} place={place} />
);

function Line({ item, place }: { item: Replayed; place: Place }) {
  const { delivery, happened, verdict, reason, environment, host } = item;
  const { look, word } = VERDICTS[verdict];
  return (
    <div {...place} className="flex items-start gap-2.5 px-3 py-2.5 text-ui">
      <span className="mt-0.5">
        <StatusIcon look={look} />
      </span>
      <div className="min-w-0 flex-1">
        <p className={cn('flex flex-wrap gap-x-2', verdict === 'ignored' && 'text-text-2')}>
          <span className="min-w-0 break-words">{happened}</span>
          <span className="text-meta leading-5 text-text-2">
            <Ago at={delivery.received_at} />
          </span>
          {differs(item) && <Tag tone="warn">Differs</Tag>}
        </p>
        <p className="text-meta break-words text-text-2">
          <span className="font-medium text-text">{word}:</span> <Said text={reason} />
        </p>
        {environment && (
          <p className="text-meta break-words">
            To <code className="font-mono">{environment}</code> at{' '}
            <code className="font-mono">{host}</code>
          </p>
        )}
        <InFact delivery={delivery} />
      </div>
    </div>
  );
}

const happened = (outcome: Outcome, made: number): string =>
  outcome === 'deployed' && made > 1 ? `it started ${made} deployments` : OUTCOMES[outcome];

function InFact({ delivery }: { delivery: Delivery }) {
  const made = delivery.decisions.flatMap(({ deployment }) => deployment ?? []);
  return (
    <p className="text-meta break-words text-text-2">
      In fact{' '}
      <Link
        to="/events"
        search={{ id: delivery.id }}
        className="underline decoration-line-strong underline-offset-2 hover:text-accent"
      >
        {delivery.outcome ? happened(delivery.outcome, made.length) : 'it waits'}
      </Link>
      {made.map(({ stack, number }, index) => (
        <span key={`${stack} ${number}`}>
          {index === 0 ? ': ' : ', '}
          <Link
            to="/stacks/$stack/deployments/$number"
            params={{ stack, number: String(number) }}
            className="underline decoration-line-strong underline-offset-2 hover:text-accent"
          >
            {stack} #{number}
          </Link>
        </span>
      ))}
    </p>
  );
}
