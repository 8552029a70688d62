import { createFileRoute } from '@tanstack/react-router';

import { deploymentsQuery } from '~/api/queries';
import { LastDeployments } from '~/features/deployments/deployments-page';
import { OverviewPage } from '~/features/stacks/overview-page';

export const Route = createFileRoute('/_in/_app/stacks/$stack/')({
  loader: ({ context, params }) =>
    void context.client.prefetchInfiniteQuery(deploymentsQuery(params.stack)),
  component: Overview,
});

function Overview() {
  const { stack } = Route.useParams();
  return <OverviewPage name={stack} deployments={<LastDeployments stack={stack} />} />;
}
