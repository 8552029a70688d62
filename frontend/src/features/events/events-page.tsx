import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useCallback } from 'react';

import { useSight } from '~/api/list';
import { Loaded } from '~/api/loaded';
import { NextPage } from '~/api/more';
import { deliveryQuery, eventsQuery, githubQuery } from '~/api/queries';
import type { Event } from '~/api/schema.gen';
import { buttonClass } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { countOf, Long, type Place } from '~/ui/long';
import { Page, PageHead, Panel, Section } from '~/ui/page';

import { ActRow } from './act-row';
import { DeliveryRow } from './delivery-row';
import { DeployRow } from './deploy-row';
import { EventFilters } from './event-filters';
import { isNarrow, nothing, type Search } from './filter';

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
      <EventFilters search={search} />
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
