import type { DeploymentPhase, LogLine } from '~/api/schema.gen';

/** Which lines of a build log belong to a phase: a builder's to the build, a job's to its time. */

/** What one service or job wrote in a phase. */
export type Part = { service: string; first: number; last: number; lines: number };

export function partsOf(
  lines: readonly LogLine[],
  { phase, started_at, ended_at }: DeploymentPhase,
): Part[] {
  if (!started_at || (phase !== 'built' && phase !== 'applied' && phase !== 'converged')) return [];
  const from = Date.parse(started_at);
  const to = ended_at ? Date.parse(ended_at) : Infinity;
  const parts = new Map<string, Part>();
  for (const { id, at, service, source } of lines) {
    if ((source === 'build') !== (phase === 'built')) continue;
    if (source === 'job') {
      const time = Date.parse(at);
      if (time < from || time > to) continue;
    }
    const part = parts.get(service);
    if (part) {
      part.last = id;
      part.lines += 1;
    } else parts.set(service, { service, first: id, last: id, lines: 1 });
  }
  return [...parts.values()];
}
