import { createFileRoute } from '@tanstack/react-router';

import { attentionQuery, stacksQuery } from '~/api/queries';
import { readStackSearch } from '~/features/stacks/search';
import { StacksPage } from '~/features/stacks/stacks-page';

export const Route = createFileRoute('/_in/_app/')({
  validateSearch: readStackSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => {
    void context.client.prefetchInfiniteQuery(stacksQuery(deps));
    void context.client.prefetchQuery(attentionQuery());
  },
  component: Stacks,
});

function Stacks() {
  return <StacksPage filter={Route.useSearch()} />;
}
