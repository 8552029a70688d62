import { createFileRoute } from '@tanstack/react-router';

import { PreviewsPage } from '~/features/previews/previews-page';
import { previewsQuery, readPreviewSearch } from '~/features/previews/search';
import { stackLook } from '~/features/stacks/look';
import { STATES } from '~/features/stacks/search';

export const Route = createFileRoute('/_in/_app/previews')({
  validateSearch: (search: Record<string, unknown>) => readPreviewSearch(search, STATES),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.client.prefetchInfiniteQuery(previewsQuery(deps)),
  component: Previews,
});

function Previews() {
  return <PreviewsPage filter={Route.useSearch()} states={STATES} look={stackLook} />;
}
