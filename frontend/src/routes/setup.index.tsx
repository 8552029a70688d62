import { createFileRoute } from '@tanstack/react-router';

import { AccountPage } from '~/features/setup/account-page';
import { text } from '~/lib/search';

export const Route = createFileRoute('/setup/')({
  validateSearch: (search: Record<string, unknown>): { token?: string | undefined } => ({
    token: text(search.token),
  }),
  component: Setup,
});

function Setup() {
  return <AccountPage token={Route.useSearch().token} />;
}
