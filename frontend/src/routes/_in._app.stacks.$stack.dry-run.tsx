import { createFileRoute } from '@tanstack/react-router';

import { DryRunPage } from '~/features/stacks/dry-run-page';

export const Route = createFileRoute('/_in/_app/stacks/$stack/dry-run')({ component: DryRun });

function DryRun() {
  return <DryRunPage name={Route.useParams().stack} />;
}
