import { createFileRoute } from '@tanstack/react-router';

import { nodeQuery } from '~/api/queries';
import { NodePage } from '~/features/cluster/node-page';

export const Route = createFileRoute('/_in/_app/cluster/nodes/$node')({
  loader: ({ context, params }) => void context.client.prefetchQuery(nodeQuery(params.node)),
  component: function OneNode() {
    return <NodePage id={Route.useParams().node} />;
  },
});
