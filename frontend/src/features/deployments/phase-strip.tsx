import type { DeploymentPhase } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { StatusIcon } from '~/ui/status';
import { Took } from '~/ui/time';

import { phaseName, phaseState } from './words';

/**
 * The eight phases side by side, each with its state and how long it took. Once the deployment is
 * `over`, what is still pending never comes. On a phone they are one row of signs as far as it came,
 * and only the phase that goes on, or where it ended, says what it is.
 */
export function PhaseStrip({
  phases,
  over,
}: {
  phases: readonly DeploymentPhase[];
  over: boolean;
}) {
  return (
    <ol className="flex gap-1.5 px-3 py-2.5 sm:grid sm:grid-cols-4 sm:gap-2 lg:grid-cols-8">
      {phases.map((phase) => (
        <li
          key={phase.phase}
          className={cn('flex min-w-0 gap-1.5', !phase.started_at && 'max-sm:sr-only')}
        >
          <span className="mt-0.5">
            <StatusIcon look={phaseState(phase, over).look} size={14} />
          </span>
          <div
            className={cn(
              'min-w-0 max-sm:flex max-sm:gap-1.5',
              phase.state === 'done' && 'max-sm:sr-only',
            )}
          >
            <p
              className={cn(
                'truncate text-meta leading-[18px] font-medium',
                !phase.started_at && 'text-text-3',
              )}
            >
              {phaseName(phase, over)}
            </p>
            <p className="truncate text-meta text-text-2 tabular-nums max-sm:leading-[18px]">
              <PhaseWord phase={phase} over={over} />
            </p>
          </div>
        </li>
      ))}
    </ol>
  );
}

/** "1.2 s", "running 4.0 s", "failed", "pending", "not reached". */
export function PhaseWord({ phase, over }: { phase: DeploymentPhase; over: boolean }) {
  switch (phase.state) {
    case 'done':
      return phase.started_at && phase.ended_at ? (
        <>
          <span className="sr-only">done in </span>
          <Took start={phase.started_at} end={phase.ended_at} />
        </>
      ) : (
        'done'
      );
    case 'running':
      return (
        <>
          running <Took start={phase.started_at} end={null} />
        </>
      );
    default:
      return phaseState(phase, over).word;
  }
}
