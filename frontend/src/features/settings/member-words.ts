import type { Member, Role } from '~/api/schema.gen';

/** What is to become of a member: another role, or none. */
export type Wanted = Role | 'gone';

const ALLOWED = {
  viewer: 'look at everything, and change nothing',
  operator: 'deploy, roll back, cancel, replay and remove stacks, and not change rules or settings',
  admin: 'change every rule and setting, and invite, change and remove members',
} satisfies Record<Role, string>;

/** How a change is asked for: its title, its button, and what comes of it. */
export function outcome(
  member: Pick<Member, 'name' | 'role' | 'you'>,
  wanted: Wanted,
): { title: string; action: string; lines: string[] } {
  const { name, role, you } = member;
  const links =
    role === 'admin' && wanted !== 'admin'
      ? [`Invitations that ${you ? 'you' : name} made and nobody accepted yet end.`]
      : [];
  if (wanted === 'gone') {
    return {
      title: you ? 'Remove yourself?' : `Remove ${name}?`,
      action: you ? 'Remove myself' : 'Remove member',
      lines: [
        you
          ? 'You are logged out everywhere at once, and your API tokens stop working. To come back, somebody has to invite you.'
          : `${name} is logged out everywhere at once, and their API tokens stop working.`,
        ...links,
        'What was deployed stays, and so do rules and settings.',
      ],
    };
  }
  return {
    title: you ? `Become ${wanted}?` : `Make ${name} ${wanted}?`,
    action: `Make ${wanted}`,
    lines: [
      `${you ? 'You' : name} may then ${ALLOWED[wanted]}. It counts at once, for API tokens too.`,
      ...links,
      ...(you ? ['Only another admin can give you this role back.'] : []),
    ],
  };
}
