import { createFileRoute } from '@tanstack/react-router';

import { Appearance } from '~/features/settings/appearance';

export const Route = createFileRoute('/_in/_app/settings/appearance')({ component: Appearance });
