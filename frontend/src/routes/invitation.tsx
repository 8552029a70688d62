import { createFileRoute } from '@tanstack/react-router';

import { InvitationPage } from '~/features/setup/invitation-page';
import { text } from '~/lib/search';

export const Route = createFileRoute('/invitation')({
  validateSearch: (search: Record<string, unknown>): { token?: string | undefined } => ({
    token: text(search.token),
  }),
  component: Invitation,
});

function Invitation() {
  return <InvitationPage token={Route.useSearch().token} />;
}
