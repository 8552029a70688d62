import { createFileRoute } from '@tanstack/react-router';

import { DiffPage } from '~/features/stacks/diff-page';

export const Route = createFileRoute('/_in/_app/stacks/$stack/diff')({ component: Diff });

function Diff() {
  return <DiffPage name={Route.useParams().stack} />;
}
