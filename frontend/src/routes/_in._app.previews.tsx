import { createFileRoute } from '@tanstack/react-router';

import { stacksQuery } from '~/api/queries';
import { PreviewsPage } from '~/features/previews/previews-page';
import { stackLook } from '~/features/stacks/look';

export const Route = createFileRoute('/_in/_app/previews')({
  loader: ({ context }) =>
    void context.client.prefetchInfiniteQuery(stacksQuery({ kind: 'preview' })),
  component: () => <PreviewsPage look={stackLook} />,
});
