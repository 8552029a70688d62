import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Loaded } from '~/api/loaded';
import { actsQuery, deliveriesQuery, githubQuery } from '~/api/queries';
import { buttonClass } from '~/ui/button';
import { chipClass } from '~/ui/chip';
import { Empty } from '~/ui/empty';
import { More } from '~/ui/more';
import { Page, PageHead, Panel } from '~/ui/page';

import { ActRow } from './act-row';
import { DeliveryRow } from './delivery-row';
import { merged, ofAct, ofDelivery, type Entry, type Loaded as Listed } from './merge';
import type { Show } from './show';

const FILTERS: readonly { show: Show | undefined; label: string }[] = [
  { show: undefined, label: 'All' },
  { show: 'deliveries', label: 'Deliveries' },
  { show: 'people', label: 'People' },
  { show: 'berth', label: 'Berth' },
];

/**
 * Everything that happened: deliveries with why they did or did not deploy, and what people and
 * Berth itself did. `open` is the delivery that shows its decisions.
 */
export function EventsPage({ open, show }: { open: string | undefined; show: Show | undefined }) {
  const { query, entries, more } = useEntries(show);
  return (
    <Page>
      <PageHead title="Events">
        <p className="mt-0.5 text-ui text-text-2">
          What GitHub told Berth and what each rule made of it, and what people and Berth did.
        </p>
      </PageHead>
      <nav aria-label="Show" className="mb-3 flex flex-wrap gap-1">
        {FILTERS.map(({ show: it, label }) => (
          <Link
            key={label}
            to="/events"
            search={{ show: it }}
            aria-current={show === it ? 'true' : undefined}
            className={chipClass({ on: show === it })}
          >
            {label}
          </Link>
        ))}
      </nav>
      <Loaded query={query} what="the events">
        {() => {
          if (entries.length === 0)
            return show && show !== 'deliveries' ? <NoneOfThese show={show} /> : <NoDeliveries />;
          return (
            <Panel>
              <ul data-rows className="divide-y divide-line">
                {entries.map((entry) =>
                  entry.kind === 'act' ? (
                    <ActRow key={`act ${entry.act.id}`} act={entry.act} />
                  ) : (
                    <DeliveryRow
                      key={entry.delivery.id}
                      delivery={entry.delivery}
                      open={entry.delivery.id === open}
                      show={show}
                    />
                  ),
                )}
              </ul>
            </Panel>
          );
        }}
      </Loaded>
      <More has={more.has} busy={more.busy} onMore={more.load} />
    </Page>
  );
}

/** The lists that are shown, as one. */
function useEntries(show: Show | undefined) {
  const withDeliveries = !show || show === 'deliveries';
  const withActs = show !== 'deliveries';
  const by = show === 'people' ? 'person' : show === 'berth' ? 'berth' : undefined;
  const deliveries = useInfiniteQuery({ ...deliveriesQuery(), enabled: withDeliveries });
  const acts = useInfiniteQuery({ ...actsQuery(by), enabled: withActs });
  const all = [...(withDeliveries ? [deliveries] : []), ...(withActs ? [acts] : [])];
  const lists = [
    ...(withDeliveries ? [listed(deliveries, ofDelivery)] : []),
    ...(withActs ? [listed(acts, ofAct)] : []),
  ];
  // Until all are there, or one failed, there is nothing to show.
  const first = all.find(({ error, data }) => error && !data) ?? all.find(({ data }) => !data);
  const query = first ?? all[0] ?? deliveries;
  return {
    query: {
      data: first ? undefined : true,
      error: query.error,
      refetch: query.refetch as () => Promise<never>,
      isFetching: query.isFetching,
    },
    entries: merged(lists),
    more: {
      has: all.some(({ hasNextPage }) => hasNextPage),
      busy: all.some(({ isFetchingNextPage }) => isFetchingNextPage),
      load: () =>
        Promise.all(all.filter(({ hasNextPage }) => hasNextPage).map((it) => it.fetchNextPage())),
    },
  };
}

function listed<T>(
  query: { data: { pages: readonly { items: readonly T[] }[] } | undefined; hasNextPage: boolean },
  entry: (item: T) => Entry,
): Listed {
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return { entries: items.map(entry), more: query.hasNextPage };
}

const NONE = {
  people: 'Nobody did anything yet',
  berth: 'Berth did nothing by itself yet',
} satisfies Record<Exclude<Show, 'deliveries'>, string>;

function NoneOfThese({ show }: { show: keyof typeof NONE }) {
  return (
    <Empty
      title={NONE[show]}
      action={
        <Link to="/events" search={{}} className={buttonClass()}>
          Show all events
        </Link>
      }
    />
  );
}

function NoDeliveries() {
  const { data: github } = useQuery(githubQuery());
  if (github && !github.app) {
    return (
      <Empty
        title="No deliveries yet"
        action={
          <Link to="/setup/github" className={buttonClass()}>
            Connect GitHub
          </Link>
        }
      >
        GitHub can’t tell Berth anything before there is an App.
      </Empty>
    );
  }
  return (
    <Empty title="No deliveries yet">
      The first push, tag or pull request shows up here.
      {github && (
        <span className="mt-1 block">
          GitHub sends to{' '}
          <code className="font-mono text-meta break-all">{github.webhook_url}</code>
        </span>
      )}
    </Empty>
  );
}
