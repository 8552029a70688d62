import { createFileRoute } from '@tanstack/react-router';

import { GithubSettings } from '~/features/settings/github';

export const Route = createFileRoute('/_in/_app/settings/github')({ component: GithubSettings });
