import type { ActKind, DeploymentAct, DeploymentPhase } from '~/api/schema.gen';
import { asSentence } from '~/lib/text';

/** What people and Berth did to a deployment: in words, and in which of its phases. */

const VERBS: Partial<Record<ActKind, string>> = {
  deployed: 'had it deployed',
  rolled_back: 'went back',
  restarted: 'had it restarted',
  retried: 'tried it again',
  cancelled: 'stopped it',
  approved: 'approved it',
  rejected: 'rejected it',
  freeze_overridden: 'let it through the freeze',
  held: 'had it wait',
};

/** "Mira rejected it", and what more there is to say. */
export function actWords({ actor, kind, detail }: DeploymentAct): { what: string; more: string } {
  return {
    what: `${actor} ${VERBS[kind] ?? `did this: ${kind.replaceAll('_', ' ')}`}`,
    more: asSentence(detail),
  };
}

/**
 * What was done in a phase: from the end of the one before it to its own, so that what kept a phase
 * back is told where one looks for why it took so long to begin.
 */
export function actsIn(
  phases: readonly DeploymentPhase[],
  acts: readonly DeploymentAct[],
  wanted: DeploymentPhase,
): DeploymentAct[] {
  const last = phases.at(-1);
  const phaseOf = (act: DeploymentAct) =>
    phases.find(({ ended_at }) => !ended_at || Date.parse(act.at) <= Date.parse(ended_at)) ?? last;
  return acts.filter((act) => phaseOf(act)?.phase === wanted.phase);
}
