import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useCallback } from 'react';

import { useSight } from '~/api/list';
import { Loaded } from '~/api/loaded';
import { NextPage } from '~/api/more';
import { deliveryQuery, eventsQuery, githubQuery } from '~/api/queries';
import type { Event, EventKind } from '~/api/schema.gen';
import { buttonClass } from '~/ui/button';
import { chipClass } from '~/ui/chip';
import { Empty } from '~/ui/empty';
import { countOf, Long, type Place } from '~/ui/long';
import { Page, PageHead, Panel, Section } from '~/ui/page';
import { Search as SearchField } from '~/ui/search';

import { ActRow } from './act-row';
import { DeliveryRow } from './delivery-row';
import { DeployRow } from './deploy-row';
import { isNarrow, nothing, type Search } from './filter';

const KINDS: readonly { kind: EventKind | undefined; label: string }[] = [
  { kind: undefined, label: 'All' },
  { kind: 'delivery', label: 'Deliveries' },
  { kind: 'deployment', label: 'Deployments' },
  { kind: 'person', label: 'People' },
  { kind: 'berth', label: 'Berth' },
];

/**
 * Everything that happened: deliveries with why they did or did not deploy, deployments, and what
 * people and Berth itself did.
 */
export function EventsPage({ search }: { search: Search }) {
  const { id, ...filter } = search;
  const query = useInfiniteQuery(eventsQuery(filter));
  const onSight = useSight(query.refetch);
  const row = useCallback(
    (event: Event, place: Place) => (
      <Row key={`${event.kind} ${event.id}`} event={event} search={search} place={place} />
    ),
    [search],
  );
  const pages = query.data?.pages;
  const listed = pages?.some(({ items }) => items.some(({ delivery }) => delivery?.id === id));
  return (
    <Page>
      <PageHead title="Events">
        <p className="mt-0.5 text-ui text-text-2">
          What GitHub told Berth and what each rule made of it, what was deployed, and what people
          and Berth did.
        </p>
      </PageHead>
      <Filters search={search} />
      {id && pages && !listed && <Asked id={id} search={search} />}
      <Loaded query={query} what="the events">
        {(data) => {
          if (countOf(data.pages) === 0)
            return isNarrow(filter) ? <None search={search} /> : <NoEvents />;
          return (
            <Panel>
              <div role="list" data-rows className="divide-y divide-line">
                <Long
                  as="div"
                  parts={data.pages}
                  keys={data.pageParams}
                  more={query.hasNextPage}
                  row={row}
                  onSight={onSight}
                />
              </div>
            </Panel>
          );
        }}
      </Loaded>
      <NextPage query={query} />
    </Page>
  );
}

function Row({ event, search, place }: { event: Event; search: Search; place: Place }) {
  const { act, at, delivery, deployment } = event;
  return (
    <div {...place}>
      {delivery && (
        <DeliveryRow delivery={delivery} open={delivery.id === search.id} search={search} />
      )}
      {deployment && <DeployRow deployment={deployment} at={at} />}
      {act && <ActRow act={act} at={at} search={search} />}
    </div>
  );
}

function Filters({ search }: { search: Search }) {
  const navigate = useNavigate();
  const { kind, stack, actor, q } = search;
  const rest = { ...search, id: undefined };
  return (
    <div role="search" className="mb-3 flex flex-wrap items-center gap-2">
      <SearchField
        label="Search the events"
        value={q ?? ''}
        onChange={(next) =>
          void navigate({ to: '/events', search: { ...rest, q: next || undefined }, replace: true })
        }
      />
      <nav aria-label="Kinds" className="flex flex-wrap gap-1">
        {KINDS.map(({ kind: it, label }) => (
          <Link
            key={label}
            to="/events"
            search={{ ...rest, kind: it }}
            aria-current={kind === it ? 'true' : undefined}
            className={chipClass({ on: kind === it })}
          >
            {label}
          </Link>
        ))}
      </nav>
      {stack && <Narrowed name="Stack" value={stack} without={{ ...rest, stack: undefined }} />}
      {actor && <Narrowed name="By" value={actor} without={{ ...rest, actor: undefined }} />}
    </div>
  );
}

/** What the list is narrowed to beside its kind; a link to the list without that. */
function Narrowed({ name, value, without }: { name: string; value: string; without: Search }) {
  return (
    <Link
      to="/events"
      search={without}
      aria-label={`${name} ${value}: show all again`}
      className="inline-flex h-8 max-w-64 items-center gap-1.5 rounded-control border border-line-strong px-2.5 text-ui hover:bg-hover"
    >
      <span className="text-text-2">{name}</span>{' '}
      <span className="truncate font-medium">{value}</span>
      <X size={14} aria-hidden className="shrink-0 text-text-3" />
    </Link>
  );
}

/** The delivery that a link leads to, where the list does not have it, or not yet. */
function Asked({ id, search }: { id: string; search: Search }) {
  const query = useQuery(deliveryQuery(id));
  return (
    <Section title="The delivery that was asked for">
      <Loaded query={query} what="the delivery">
        {(delivery) => (
          <Panel>
            <DeliveryRow delivery={delivery} open search={search} />
          </Panel>
        )}
      </Loaded>
    </Section>
  );
}

function None({ search }: { search: Search }) {
  return (
    <Empty
      title={nothing(search)}
      action={
        <Link to="/events" search={{}} className={buttonClass()}>
          Show all events
        </Link>
      }
    />
  );
}

function NoEvents() {
  const { data: github } = useQuery(githubQuery());
  if (github && !github.app) {
    return (
      <Empty
        title="No events yet"
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
    <Empty title="No events yet">
      The first push, tag or pull request shows up here, and whatever people and Berth do.
      {github && (
        <span className="mt-1 block">
          GitHub sends to{' '}
          <code className="font-mono text-meta break-all">{github.webhook_url}</code>
        </span>
      )}
    </Empty>
  );
}
