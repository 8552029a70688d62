import type { Difference } from '~/api/schema.gen';

export type Differing = Pick<Difference, 'kind' | 'name'> & { all: Difference[] };

/** The differences of each object, in the server's order. */
export function byObject(differences: readonly Difference[]): Differing[] {
  const objects = new Map<string, Differing>();
  for (const it of differences) {
    const key = `${it.kind} ${it.name}`;
    const object = objects.get(key);
    if (object) object.all.push(it);
    else objects.set(key, { kind: it.kind, name: it.name, all: [it] });
  }
  return [...objects.values()];
}
