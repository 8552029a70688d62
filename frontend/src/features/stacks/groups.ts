/**
 * The services of a stack that is too large for a map of all of them: those whose names begin alike
 * stand in one box, until somebody opens it. Pure, like the map itself.
 */
import type { Placed } from './topology';

/** Of more boxes than this one sees none. */
const MOST = 60;

/** A box that stands for several services. Its name is no service's. */
export type Group = { name: string; services: readonly string[] };

export type Grouped = {
  /** What the map shows: services, and groups that are closed, in the order of their first one. */
  placed: Placed[];
  /** The groups that are closed, by name. */
  closed: ReadonlyMap<string, Group>;
  /** All groups, open ones too, by their services' names; none where every service has room. */
  of: ReadonlyMap<string, Group>;
};

/**
 * `opened`: the names of groups that are shown as the services in them; so is that of the service
 * `shown`.
 */
export function inGroups(
  services: readonly Placed[],
  opened: ReadonlySet<string>,
  shown?: string,
): Grouped {
  const of = new Map<string, Group>();
  if (boxes(services) > MOST) {
    for (const group of groups(services.map(({ name }) => name))) {
      for (const name of group.services) of.set(name, group);
    }
  }
  const closed = new Map<string, Group>();
  for (const group of of.values()) {
    if (!opened.has(group.name) && !group.services.includes(shown ?? '')) {
      closed.set(group.name, group);
    }
  }
  const box = (name: string): string => {
    const group = of.get(name);
    return group && closed.has(group.name) ? group.name : name;
  };

  const merged = new Map<string, Placed>();
  for (const { name, urls, volumes, depends_on } of services) {
    const to = merged.get(box(name));
    merged.set(box(name), {
      name: box(name),
      urls: [...(to?.urls ?? []), ...urls],
      volumes: [...new Set([...(to?.volumes ?? []), ...volumes])],
      depends_on: [...new Set([...(to?.depends_on ?? []), ...depends_on.map(box)])],
    });
  }
  const placed = [...merged.values()];
  const shared = (volume: string) =>
    placed.filter(({ volumes }) => volumes.includes(volume)).length > 1;
  return {
    // What only services in it mount is in the box with them.
    placed: placed.map((it) =>
      closed.has(it.name) ? { ...it, volumes: it.volumes.filter(shared) } : it,
    ),
    closed,
    of,
  };
}

function boxes(services: readonly Placed[]): number {
  const volumes = new Set(services.flatMap((it) => it.volumes));
  return services.length + volumes.size;
}

/** By the first part of their names that not all of them have; one service alone is no group. */
function groups(names: readonly string[]): Group[] {
  const parts = names.map((name) => name.split(/[-_.]/));
  let at = 0;
  while (parts.every((part) => part.length > at + 1 && part[at] === parts[0]?.[at])) at += 1;
  const byPrefix = new Map<string, string[]>();
  for (const [index, name] of names.entries()) {
    const prefix = parts[index]?.slice(0, at + 1).join('-') ?? name;
    byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), name]);
  }
  return [...byPrefix]
    .filter(([, services]) => services.length > 1)
    .map(([prefix, services]) => ({ name: `${prefix}-*`, services }));
}
