import { createFileRoute, Outlet } from '@tanstack/react-router';

import { stackQuery } from '~/api/queries';
import { StackHeader } from '~/features/stacks/stack-header';
import { later } from '~/lib/later';

/** Hardly ever asked for. */
const RollBackDialog = later(() =>
  import('~/features/deployments/roll-back-dialog').then((it) => it.RollBackDialog),
);

export const Route = createFileRoute('/_in/_app/stacks/$stack')({
  loader: ({ context, params }) => void context.client.prefetchQuery(stackQuery(params.stack)),
  component: Stack,
});

function Stack() {
  const { stack } = Route.useParams();
  return (
    <>
      <StackHeader key={stack} name={stack} RollBackDialog={RollBackDialog} />
      <Outlet />
    </>
  );
}
