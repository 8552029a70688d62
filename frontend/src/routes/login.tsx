import { createFileRoute } from '@tanstack/react-router';

import { LoginPage } from '~/features/shell/login-page';
import { text } from '~/lib/search';

export const Route = createFileRoute('/login')({
  validateSearch: (search: Record<string, unknown>): { from?: string | undefined } => ({
    from: text(search.from),
  }),
  component: Login,
});

function Login() {
  return <LoginPage from={Route.useSearch().from} />;
}
