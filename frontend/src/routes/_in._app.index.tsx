import { createFileRoute } from '@tanstack/react-router';

import { attentionQuery, stacksQuery, type StackFilter } from '~/api/queries';
import { StacksPage } from '~/features/stacks/stacks-page';
import { oneOf, text } from '~/lib/search';

export const Route = createFileRoute('/_in/_app/')({
  validateSearch: (search: Record<string, unknown>): StackFilter => ({
    q: text(search.q),
    kind: oneOf(search.kind, ['permanent', 'preview'] as const),
    attention: search.attention === true || undefined,
  }),
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
