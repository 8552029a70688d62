import { createFileRoute } from '@tanstack/react-router';

import { GeneralSettings } from '~/features/settings/general';

export const Route = createFileRoute('/_in/_app/settings/general')({ component: GeneralSettings });
