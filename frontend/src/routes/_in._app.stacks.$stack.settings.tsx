import { createFileRoute } from '@tanstack/react-router';

import { stackSettingsQuery } from '~/api/queries';
import { StackSettingsPage } from '~/features/stacks/settings-page';

export const Route = createFileRoute('/_in/_app/stacks/$stack/settings')({
  loader: ({ context, params }) =>
    void context.client.prefetchQuery(stackSettingsQuery(params.stack)),
  component: Settings,
});

function Settings() {
  return <StackSettingsPage name={Route.useParams().stack} />;
}
