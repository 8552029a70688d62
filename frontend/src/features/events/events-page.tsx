import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Loaded } from '~/api/loaded';
import { deliveriesQuery, githubQuery } from '~/api/queries';
import { buttonClass } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { More } from '~/ui/more';
import { Page, PageHead, Panel } from '~/ui/page';

import { DeliveryRow } from './delivery-row';

/** Every delivery, and why it did or did not deploy. `open` is the one that shows its decisions. */
export function EventsPage({ open }: { open: string | undefined }) {
  const query = useInfiniteQuery(deliveriesQuery());
  return (
    <Page>
      <PageHead title="Events">
        <p className="mt-0.5 text-ui text-text-2">
          What GitHub told Berth, and what each rule made of it.
        </p>
      </PageHead>
      <Loaded query={query} what="the events">
        {(data) => {
          const deliveries = data.pages.flatMap((page) => page.items);
          if (deliveries.length === 0) return <NoEvents />;
          return (
            <Panel>
              <ul data-rows className="divide-y divide-line">
                {deliveries.map((delivery) => (
                  <DeliveryRow key={delivery.id} delivery={delivery} open={delivery.id === open} />
                ))}
              </ul>
            </Panel>
          );
        }}
      </Loaded>
      <More
        has={query.hasNextPage}
        busy={query.isFetchingNextPage}
        onMore={() => query.fetchNextPage()}
      />
    </Page>
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
