import { ChevronRight } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';

import type { DeploymentPhase, DeploymentStory } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { duration } from '~/lib/time';
import { Panel } from '~/ui/page';
import { Said } from '~/ui/said';
import { StatusIcon } from '~/ui/status';

import { actsIn } from './acts';
import { PhaseDetails } from './phase-details';
import { PhaseWord } from './phase-strip';
import { ReasonLine } from './reason-line';
import { isOver, PHASE_HINTS, phaseName, phaseState } from './words';

/**
 * A deployment's eight phases, one a row, with what each took and is usual. A row in which something
 * happened opens on it; the one where it failed is open from the start.
 */
export function Phases({
  deployment,
  log,
}: {
  deployment: DeploymentStory;
  log: (phase: DeploymentPhase) => ReactNode;
}) {
  const usual = new Map(deployment.usual?.phases.map((it) => [it.phase, it.duration_ms]));
  return (
    <Panel>
      <ol className="divide-y divide-line">
        {deployment.phases.map((phase) => (
          <Row
            key={phase.phase}
            deployment={deployment}
            phase={phase}
            usually={usual.get(phase.phase)}
            log={log}
          />
        ))}
      </ol>
      <ReasonLine deployment={deployment} />
    </Panel>
  );
}

function Row({
  deployment,
  phase,
  usually,
  log,
}: {
  deployment: DeploymentStory;
  phase: DeploymentPhase;
  usually: number | undefined;
  log: (phase: DeploymentPhase) => ReactNode;
}) {
  const details = useId();
  const [pressed, setPressed] = useState<boolean>();
  const acts = actsIn(deployment.phases, deployment.acts, phase);
  // What has not begun has nothing to show, unless somebody did something about it.
  const opens = phase.started_at !== null || acts.length > 0;
  const open = opens && (pressed ?? phase.state === 'failed');
  const head = <Head phase={phase} over={isOver(deployment)} usually={usually} />;
  return (
    <li>
      {opens ? (
        <button
          type="button"
          aria-expanded={open}
          aria-controls={open ? details : undefined}
          onClick={() => setPressed(!open)}
          className="flex w-full items-start gap-2.5 px-3 py-2 text-left -outline-offset-2 hover:bg-hover"
        >
          {head}
          <ChevronRight
            size={16}
            aria-hidden
            className={cn('mt-0.5 shrink-0 text-text-3 transition-transform', open && 'rotate-90')}
          />
        </button>
      ) : (
        <div className="flex items-start gap-2.5 py-2 pr-9.5 pl-3">{head}</div>
      )}
      {open && (
        <div id={details} className="border-t border-line bg-sunken py-2.5 pr-3 pl-9.5">
          <PhaseDetails deployment={deployment} phase={phase} acts={acts} log={log(phase)} />
        </div>
      )}
    </li>
  );
}

/** How a phase stands: its sign, its name, what it has to say, and what it took. */
function Head({
  phase,
  over,
  usually,
}: {
  phase: DeploymentPhase;
  over: boolean;
  usually: number | undefined;
}) {
  const failed = phase.state === 'failed';
  return (
    <>
      <span className="mt-0.5">
        <StatusIcon look={phaseState(phase, over).look} />
      </span>
      <span className="min-w-0 flex-1 text-ui">
        <span className={cn('font-medium', !phase.started_at && 'text-text-3')}>
          {phaseName(phase, over)}
        </span>
        <span
          className={cn(
            'block text-meta break-words whitespace-pre-wrap',
            failed ? 'text-bad' : 'text-text-2',
          )}
        >
          <Said text={(!failed && phase.message) || PHASE_HINTS[phase.phase]} />
        </span>
      </span>
      <span className="flex flex-col items-end text-meta leading-5 whitespace-nowrap text-text-2 tabular-nums sm:flex-row-reverse">
        <span className="text-right sm:min-w-24">
          <PhaseWord phase={phase} over={over} />
        </span>
        <Usually ms={usually} begun={phase.started_at !== null} />
      </span>
    </>
  );
}

/** What a phase usually takes, beside what it took; nothing where that is as good as nothing. */
function Usually({ ms, begun }: { ms: number | undefined; begun: boolean }) {
  if (ms === undefined || ms < 500 || !begun) return null;
  return <span className="leading-[18px] text-text-3 sm:leading-5">median {duration(ms)}</span>;
}
