import { createFileRoute } from '@tanstack/react-router';

import { About } from '~/features/settings/about';

export const Route = createFileRoute('/_in/_app/settings/about')({ component: About });
