import { createFileRoute } from '@tanstack/react-router';

import { deploymentsQuery } from '~/api/queries';
import { LastDeployments } from '~/features/deployments/deployments-page';
import { OverviewPage } from '~/features/stacks/overview-page';
import { text } from '~/lib/search';

type Search = {
  /** The service whose panel is open. */
  service?: string | undefined;
};

export const Route = createFileRoute('/_in/_app/stacks/$stack/')({
  validateSearch: (search: Record<string, unknown>): Search => ({ service: text(search.service) }),
  loader: ({ context, params }) =>
    void context.client.prefetchInfiniteQuery(deploymentsQuery(params.stack)),
  component: Overview,
});

function Overview() {
  const { stack } = Route.useParams();
  const { service: open } = Route.useSearch();
  const navigate = Route.useNavigate();
  return (
    <OverviewPage
      key={stack}
      name={stack}
      deployments={<LastDeployments stack={stack} />}
      service={open}
      // The first is a step that Back takes back; from one service to the next is none.
      onService={(service) =>
        void navigate({
          search: { service },
          replace: open !== undefined,
          resetScroll: false,
        })
      }
    />
  );
}
