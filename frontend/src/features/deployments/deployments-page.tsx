import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Loaded } from '~/api/loaded';
import { deploymentsQuery } from '~/api/queries';
import { Empty } from '~/ui/empty';
import { More } from '~/ui/more';
import { Page, Section } from '~/ui/page';
import { SkeletonRows } from '~/ui/skeleton';

import { DeploymentCard } from './deployment-card';

const NONE = (
  <Empty title="No deployments yet">
    The next push that a rule matches begins one; so does the button Deploy.
  </Empty>
);

export function DeploymentsPage({ stack }: { stack: string }) {
  const query = useInfiniteQuery(deploymentsQuery(stack));
  return (
    <Page>
      <h2 className="sr-only">Deployments</h2>
      <Loaded query={query} what="the deployments" skeleton={<SkeletonRows rows={4} height={96} />}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items);
          return items.length === 0 ? (
            NONE
          ) : (
            <div className="space-y-2">
              {items.map((deployment) => (
                <DeploymentCard key={deployment.id} deployment={deployment} />
              ))}
            </div>
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

/** The last few, for the overview. */
export function LastDeployments({ stack }: { stack: string }) {
  const query = useInfiniteQuery(deploymentsQuery(stack));
  return (
    <Section
      title="Deployments"
      aside={
        <span className="flex gap-4 text-meta text-text-2">
          <Link
            to="/events"
            search={{ stack }}
            aria-label={`Events of ${stack}`}
            className="underline-offset-2 hover:underline"
          >
            Events
          </Link>
          <Link
            to="/stacks/$stack/deployments"
            params={{ stack }}
            className="underline-offset-2 hover:underline"
          >
            See all
          </Link>
        </span>
      }
    >
      <Loaded query={query} what="the deployments" skeleton={<SkeletonRows rows={3} height={96} />}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items).slice(0, 5);
          return items.length === 0 ? (
            NONE
          ) : (
            <div className="space-y-2">
              {items.map((deployment) => (
                <DeploymentCard key={deployment.id} deployment={deployment} />
              ))}
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}
