import { createFileRoute, notFound } from '@tanstack/react-router';

import { deploymentQuery } from '~/api/queries';
import { DeploymentPage } from '~/features/deployments/deployment-page';
import { BuildLog } from '~/features/logs/build-log';
import { readBuildLogSearch, type BuildLogSearch } from '~/features/logs/filter';

export const Route = createFileRoute('/_in/_app/stacks/$stack/deployments/$number')({
  beforeLoad: ({ params }) => {
    if (!/^[1-9]\d{0,14}$/.test(params.number)) throw notFound();
  },
  validateSearch: (search: Record<string, unknown>): BuildLogSearch => readBuildLogSearch(search),
  loader: ({ context, params }) =>
    void context.client.prefetchQuery(deploymentQuery(params.stack, Number(params.number))),
  component: Deployment,
});

// The plan beside it is told apart by the deployment's id, too.
const buildLog = ({ id }: { id: string }, live: boolean) => (
  <Log key={`log ${id}`} id={id} live={live} />
);

function Deployment() {
  const { stack, number } = Route.useParams();
  return <DeploymentPage stack={stack} number={Number(number)} log={buildLog} />;
}

function Log(props: { id: string; live: boolean }) {
  const navigate = Route.useNavigate();
  return (
    <BuildLog
      {...props}
      search={Route.useSearch()}
      onSearch={(search) => void navigate({ search, replace: true, resetScroll: false })}
    />
  );
}
