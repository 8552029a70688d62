import { createFileRoute } from '@tanstack/react-router';

import { Account } from '~/features/settings/account';

export const Route = createFileRoute('/_in/_app/settings/account')({ component: Account });
