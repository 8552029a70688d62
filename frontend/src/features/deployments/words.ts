import type { Deployment, DeploymentPhase, Phase, PhaseState, Trigger } from '~/api/schema.gen';
import { asSentence } from '~/lib/text';
import { short } from '~/lib/time';
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

/** The step that leads to a phase: while it goes on, and as the beginning of "… failed". */
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

/**
 * What a phase is about; shown where the server has nothing to say. True of one that is yet to come,
 * too.
 */
export const PHASE_HINTS = {
  received: 'A rule matched, or a person asked',
  fetched: 'Gets the source of this commit',
  built: 'Makes the image of every service that has a Dockerfile',
  rendered: 'Turns the compose file into a release',
  applied: 'Hands every part of the release to Swarm',
  converged: 'Waits until the new tasks stay healthy',
  routed: 'Checks every address through Traefik',
  succeeded: 'Comes once everything is in place',
  failed: '',
  superseded: '',
  cancelled: '',
} satisfies Record<Phase, string>;

const STATE_LOOKS = {
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

/** The same, and that it waits: then nothing turns. */
export function statusOf({ phase, waiting }: Pick<Deployment, 'phase' | 'waiting'>): {
  look: Look;
  word?: string;
} {
  if (waiting && !isOver({ phase })) return { look: 'paused', word: 'Waiting' };
  return { look: deploymentLook(phase) };
}

/**
 * What it waits for, in sentences, which may end in words of a person. The server says what comes
 * first; a freeze that comes after it is told as well.
 */
export function waitsFor({ waiting, frozen }: Pick<Deployment, 'waiting' | 'frozen'>): string {
  if (!waiting) return '';
  const first = closed(asSentence(waiting));
  if (!frozen || waiting.startsWith('its environment is frozen')) return first;
  return closed(
    `${first} Its environment is also frozen until ${short(frozen.until)}: ${frozen.reason}`,
  );
}

const closed = (sentence: string) => (/[.!?…]$/.test(sentence) ? sentence : `${sentence}.`);

type Stand = Pick<DeploymentPhase, 'state' | 'started_at'>;

/** What had not begun when a deployment ended never comes: the server calls that stopped. */
const neverComes = ({ started_at }: Stand, over: boolean) => over && started_at === null;

/** How a phase looks in a deployment that is `over` or not, and the word for where it stands. */
export function phaseState(phase: Stand, over: boolean): { look: Look; word: string } {
  if (neverComes(phase, over)) return { look: 'stopped', word: 'not reached' };
  return { look: STATE_LOOKS[phase.state], word: phase.state };
}

/** What a phase is called: once it is done, or never comes, itself; until then the step to it. */
export const phaseName = (phase: Stand & Pick<DeploymentPhase, 'phase'>, over: boolean): string =>
  (phase.state === 'done' || neverComes(phase, over) ? PHASE_WORDS : STEP_WORDS)[phase.phase];

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
