import { createFileRoute, redirect } from '@tanstack/react-router';

export const Route = createFileRoute('/_in/_app/settings/')({
  beforeLoad: () => {
    throw redirect({ to: '/settings/account', replace: true });
  },
});
