import { createFileRoute } from '@tanstack/react-router';

import { githubQuery, repositoriesQuery } from '~/api/queries';
import { NewRulePage } from '~/features/rules/rule-pages';
import { oneOf, text } from '~/lib/search';

type Search = {
  repository?: string | undefined;
  event?: 'push' | 'tag' | 'pull_request' | undefined;
};

export const Route = createFileRoute('/_in/_app/rules/new')({
  validateSearch: (search: Record<string, unknown>): Search => ({
    repository: text(search.repository),
    event: oneOf(search.event, ['push', 'tag', 'pull_request'] as const),
  }),
  loader: ({ context }) => {
    void context.client.prefetchQuery(repositoriesQuery());
    void context.client.prefetchQuery(githubQuery());
  },
  component: NewRule,
});

function NewRule() {
  return <NewRulePage {...Route.useSearch()} />;
}
