import { createFileRoute, notFound } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { deploymentQuery } from '~/api/queries';
import type { Deployment, DeploymentPhase } from '~/api/schema.gen';
import { DeploymentPage } from '~/features/deployments/deployment-page';
import { BuildLog } from '~/features/logs/build-log';
import { BuildLogSource } from '~/features/logs/build-log-source';
import { readBuildLogSearch, type BuildLogSearch } from '~/features/logs/filter';
import { PhaseLog } from '~/features/logs/phase-log';

export const Route = createFileRoute('/_in/_app/stacks/$stack/deployments/$number')({
  beforeLoad: ({ params }) => {
    if (!/^[1-9]\d{0,14}$/.test(params.number)) throw notFound();
  },
  validateSearch: (search: Record<string, unknown>): BuildLogSearch => readBuildLogSearch(search),
  loader: ({ context, params }) =>
    void context.client.prefetchQuery(deploymentQuery(params.stack, Number(params.number))),
  component: DeploymentOfStack,
});

// Each deployment has a log of its own, and what is open on the page is that one's, too.
const withLog = ({ id }: Deployment, live: boolean, page: ReactNode) => (
  <BuildLogSource key={id} id={id} live={live}>
    {page}
    <Log live={live} />
  </BuildLogSource>
);

const phaseLog = (deployment: Deployment, phase: DeploymentPhase) => (
  <PhaseLog deployment={deployment} phase={phase} />
);

function DeploymentOfStack() {
  const { stack, number } = Route.useParams();
  return <DeploymentPage stack={stack} number={Number(number)} log={withLog} phaseLog={phaseLog} />;
}

function Log({ live }: { live: boolean }) {
  const navigate = Route.useNavigate();
  return (
    <BuildLog
      live={live}
      search={Route.useSearch()}
      onSearch={(search) => void navigate({ search, replace: true, resetScroll: false })}
    />
  );
}
