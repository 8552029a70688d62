import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';

import type { Deployment, DeploymentPhase } from '~/api/schema.gen';
import { count } from '~/lib/text';

import { GRID_ID } from './build-lines';
import { useBuildLogSource } from './build-log-source';
import { partsOf } from './phase-lines';

/**
 * Where in the build log, below on the same page, a phase's lines are: a link for each service and
 * job. Where it failed, that is what was written last. It shows no lines itself.
 */
export function PhaseLog({
  deployment,
  phase,
}: {
  deployment: Deployment;
  phase: DeploymentPhase;
}) {
  const { buffer, version } = useBuildLogSource();
  // The buffer is the same object for good: its version says that it changed.
  const parts = useMemo(
    () => partsOf(buffer.lines, phase),
    // oxlint-disable-next-line react/exhaustive-deps
    [buffer, version, phase],
  );
  if (parts.length === 0) return null;
  const { stack, number } = deployment;
  return (
    <p className="flex flex-wrap gap-x-3 gap-y-1">
      <span className="text-text-2">Log</span>
      {parts.map(({ service, first, last, lines }) => (
        <Link
          key={service}
          to="/stacks/$stack/deployments/$number"
          params={{ stack, number: String(number) }}
          search={(old) => ({
            ...old,
            q: undefined,
            service,
            at: String(phase.state === 'failed' ? last : first),
          })}
          resetScroll={false}
          onClick={show}
          className="text-accent tabular-nums underline underline-offset-2"
        >
          {service}, {count(lines, 'line')}
        </Link>
      ))}
    </p>
  );
}

/** The line may be where it was the last time: then nothing but this brings it into sight. */
function show() {
  const log = document.getElementById(GRID_ID);
  log?.focus({ preventScroll: true });
  log?.scrollIntoView({ block: 'center' });
}
