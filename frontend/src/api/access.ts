import { useQuery } from '@tanstack/react-query';

import { sessionQuery } from './queries';
import type { Role } from './schema.gen';

const RANK = { viewer: 0, operator: 1, admin: 2 } satisfies Record<Role, number>;

/** What each role allows, to follow “you” or stand by itself. */
export const ROLES = {
  viewer: 'may look at everything, secrets apart',
  operator: 'may look, deploy, roll back, cancel, replay and remove stacks',
  admin: 'may do everything, such as writing rules and managing members',
} satisfies Record<Role, string>;

/** Why the person may not do what needs `role`; undefined where they may. */
export function useDenied(role: Role): string | undefined {
  const { data } = useQuery(sessionQuery());
  if (!data || RANK[data.user.role] >= RANK[role]) return undefined;
  return `This needs the role “${role}”; yours is “${data.user.role}”.`;
}
