import type { Deployment, DeploymentPhase, Phase, PhaseState, Trigger } from '~/api/schema.gen';
import type { Look } from '~/ui/status';

export const PHASE_WORDS = {
  received: 'Received',
  fetched: 'Fetched',
  built: 'Built',
  rendered: 'Rendered',
  applied: 'Applied',
  converged: 'Converged',
  routed: 'Routed',
  succeeded: 'Succeeded',
  failed: 'Failed',
  superseded: 'Superseded',
  cancelled: 'Cancelled',
} satisfies Record<Phase, string>;

/** The step that leads to a phase, as the beginning of "… failed". */
export const STEP_WORDS = {
  received: 'Starting',
  fetched: 'Fetching',
  built: 'Building',
  rendered: 'Rendering',
  applied: 'Applying',
  converged: 'Converging',
  routed: 'Routing',
  succeeded: 'Finishing',
  failed: 'It',
  superseded: 'It',
  cancelled: 'It',
} satisfies Record<Phase, string>;

/** What is true once a phase is reached; shown where the server has nothing to say. */
export const PHASE_HINTS = {
  received: 'A rule matched, or a person asked',
  fetched: 'The source at the exact commit is here',
  built: 'Every service with a Dockerfile has its image',
  rendered: 'The compose file is a release',
  applied: 'Swarm has every object of the release',
  converged: 'New tasks run, healthy, for the monitor window',
  routed: 'Every route answers through Traefik',
  succeeded: 'All of it, and nothing was rolled back',
  failed: '',
  superseded: '',
  cancelled: '',
} satisfies Record<Phase, string>;

export const STATE_LOOKS = {
  pending: 'pending',
  running: 'running',
  done: 'done',
  failed: 'failed',
  stopped: 'stopped',
} satisfies Record<PhaseState, Look>;

export const TRIGGER_WORDS = {
  push: 'push',
  tag: 'tag',
  pull_request: 'pull request',
  manual: 'by hand',
  rollback: 'rollback',
  restart: 'restart',
} satisfies Record<Trigger, string>;

const OVER: ReadonlySet<Phase> = new Set(['succeeded', 'failed', 'superseded', 'cancelled']);

export const isOver = (deployment: Pick<Deployment, 'phase'>): boolean =>
  OVER.has(deployment.phase);

/**
 * What there is to go back to, newest first. A restart brought nothing of its own; and while nothing
 * went wrong since, the first of them is what runs.
 */
export function kept(deployments: readonly Deployment[]): Deployment[] {
  const releases = deployments.filter((it) => it.can_roll_back && it.trigger !== 'restart');
  return deployments[0]?.phase === 'succeeded' ? releases.slice(1) : releases;
}

/** How a whole deployment looks: its end, or that it goes on. */
export function deploymentLook(phase: Phase): Look {
  switch (phase) {
    case 'succeeded':
    case 'failed':
    case 'superseded':
    case 'cancelled':
      return phase;
    default:
      return 'deploying';
  }
}

/** The phase in which a deployment ended early. */
export function brokenPhase(phases: readonly DeploymentPhase[]): DeploymentPhase | undefined {
  return phases.find(({ state }) => state === 'failed' || state === 'stopped');
}

/** "deploy/compose.yml:12:3". */
export function placeText(deployment: Pick<Deployment, 'reason'>): string | null {
  const place = deployment.reason?.place;
  return place ? `${place.file}:${place.line}:${place.column}` : null;
}

/** The phases whose failure the services' own words explain. */
const RAN: ReadonlySet<Phase> = new Set(['converged', 'routed', 'succeeded']);
const MINUTE = 60_000;

/** Where in the stack's logs the reason of a failure stands; null where nothing ran. */
export function momentOf(
  deployment: Pick<Deployment, 'phase' | 'phases' | 'finished_at'>,
): { since: string; until: string; at: string } | null {
  const broken = brokenPhase(deployment.phases);
  const ended = Date.parse(broken?.ended_at ?? deployment.finished_at ?? '');
  if (deployment.phase !== 'failed' || !broken || !RAN.has(broken.phase) || Number.isNaN(ended)) {
    return null;
  }
  const time = (ms: number) => new Date(ms).toISOString();
  return { since: time(ended - MINUTE), until: time(ended + MINUTE), at: time(ended) };
}
