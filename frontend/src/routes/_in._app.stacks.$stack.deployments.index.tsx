import { createFileRoute } from '@tanstack/react-router';

import { deploymentsQuery } from '~/api/queries';
import { DeploymentsPage } from '~/features/deployments/deployments-page';

export const Route = createFileRoute('/_in/_app/stacks/$stack/deployments/')({
  loader: ({ context, params }) =>
    void context.client.prefetchInfiniteQuery(deploymentsQuery(params.stack)),
  component: Deployments,
});

function Deployments() {
  return <DeploymentsPage stack={Route.useParams().stack} />;
}
