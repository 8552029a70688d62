import { createFileRoute } from '@tanstack/react-router';

import { clusterQuery } from '~/api/queries';
import { ClusterPage } from '~/features/cluster/cluster-page';

export const Route = createFileRoute('/_in/_app/cluster/')({
  loader: ({ context }) => void context.client.prefetchQuery(clusterQuery()),
  component: ClusterPage,
});
