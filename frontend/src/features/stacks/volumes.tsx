import type { Volumes } from '~/api/schema.gen';

/** A volume as its compose file calls it, without the stack that its name on the Swarm begins with. */
export const volumeName = (stack: string, volume: string): string =>
  volume.startsWith(`${stack}_`) ? volume.slice(stack.length + 1) : volume;

/** What becomes of the data, for whoever is about to remove a stack. */
export function FateOfVolumes({ volumes: { policy, days } }: { volumes: Volumes }) {
  if (policy === 'keep') return <p>Its volumes stay on their nodes, with their data.</p>;
  const all = <strong className="font-semibold text-text">volumes with all their data</strong>;
  if (policy === 'with_stack') {
    return <p>Its {all} are deleted, too. Nothing brings the data back.</p>;
  }
  return (
    <p>
      Its {all} are deleted {days} days later, unless a stack of the same name is there again.
    </p>
  );
}
