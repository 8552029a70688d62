import { createFileRoute } from '@tanstack/react-router';

import { rulesQuery } from '~/api/queries';
import { RulesPage } from '~/features/rules/rules-page';

export const Route = createFileRoute('/_in/_app/rules/')({
  loader: ({ context }) => void context.client.prefetchInfiniteQuery(rulesQuery()),
  component: RulesPage,
});
