import { createFileRoute } from '@tanstack/react-router';

import { stacksQuery, type StackFilter } from '~/api/queries';
import { StacksPage } from '~/features/stacks/stacks-page';
import { oneOf, text } from '~/lib/search';

export const Route = createFileRoute('/_in/_app/')({
  validateSearch: (search: Record<string, unknown>): StackFilter => ({
    q: text(search.q),
    kind: oneOf(search.kind, ['permanent', 'preview'] as const),
  }),
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) => void context.client.prefetchInfiniteQuery(stacksQuery(deps)),
  component: Stacks,
});

function Stacks() {
  return <StacksPage filter={Route.useSearch()} />;
}
