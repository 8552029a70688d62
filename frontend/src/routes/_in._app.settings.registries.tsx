import { createFileRoute } from '@tanstack/react-router';

import { Registries } from '~/features/settings/registries';

export const Route = createFileRoute('/_in/_app/settings/registries')({ component: Registries });
