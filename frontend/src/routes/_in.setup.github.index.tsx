import { createFileRoute } from '@tanstack/react-router';

import { githubQuery } from '~/api/queries';
import { GithubSetupPage } from '~/features/setup/github-page';

export const Route = createFileRoute('/_in/setup/github/')({
  loader: ({ context }) => void context.client.prefetchQuery(githubQuery()),
  component: GithubSetupPage,
});
