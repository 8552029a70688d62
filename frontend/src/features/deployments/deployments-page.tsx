import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { useSight } from '~/api/list';
import { Loaded } from '~/api/loaded';
import { NextPage } from '~/api/more';
import { deploymentsQuery } from '~/api/queries';
import type { Deployment } from '~/api/schema.gen';
import { Empty } from '~/ui/empty';
import { countOf, Long, type Place } from '~/ui/long';
import { Page, Section } from '~/ui/page';
import { SkeletonRows } from '~/ui/skeleton';

import { DeploymentCard } from './deployment-card';

const NONE = (
  <Empty title="No deployments yet">
    The next push that a rule matches begins one; so does the button Deploy.
  </Empty>
);

const card = (deployment: Deployment, place: Place) => (
  <div key={deployment.id} {...place}>
    <DeploymentCard deployment={deployment} />
  </div>
);

export function DeploymentsPage({ stack }: { stack: string }) {
  const query = useInfiniteQuery(deploymentsQuery(stack));
  const onSight = useSight(query.refetch);
  return (
    <Page>
      <h2 className="sr-only">Deployments</h2>
      <Loaded query={query} what="the deployments" skeleton={<SkeletonRows rows={4} height={96} />}>
        {({ pages, pageParams }) =>
          countOf(pages) === 0 ? (
            NONE
          ) : (
            <div role="list" data-rows className="space-y-2">
              <Long
                as="div"
                className="space-y-2"
                parts={pages}
                keys={pageParams}
                more={query.hasNextPage}
                row={card}
                onSight={onSight}
              />
            </div>
          )
        }
      </Loaded>
      <NextPage query={query} />
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
            aria-label={`See all deployments of ${stack}`}
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
