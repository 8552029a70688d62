import { createFileRoute } from '@tanstack/react-router';

import { repositoriesQuery, ruleQuery } from '~/api/queries';
import { EditRulePage } from '~/features/rules/rule-pages';

export const Route = createFileRoute('/_in/_app/rules/$id')({
  loader: ({ context, params }) => {
    void context.client.prefetchQuery(ruleQuery(params.id));
    void context.client.prefetchQuery(repositoriesQuery());
  },
  component: EditRule,
});

function EditRule() {
  return <EditRulePage id={Route.useParams().id} />;
}
