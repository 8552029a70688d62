import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';

import { ROLES, useDenied } from '~/api/access';
import { Loaded } from '~/api/loaded';
import { deleteMember, setMemberRole } from '~/api/mutations';
import { membersQuery } from '~/api/queries';
import type { Member, Role } from '~/api/schema.gen';
import { asSentence } from '~/lib/text';
import { Button } from '~/ui/button';
import { Confirm } from '~/ui/dialog';
import { Menu, MenuItem } from '~/ui/menu';
import { Section } from '~/ui/page';
import { Table, Td, Th } from '~/ui/table';
import { Tag } from '~/ui/tag';
import { Ago } from '~/ui/time';
import { say } from '~/ui/say';

import { Email } from './email';
import { Invite, OpenInvitations } from './invitations';
import { outcome, type Wanted } from './member-words';

const HEAD = (
  <>
    <Th>Member</Th>
    <Th className="w-22 sm:w-28">Role</Th>
    <Th hide="sm" className="w-36">
      Last seen
    </Th>
    <Th className="w-14 sm:w-28">
      <span className="sr-only">What can be done</span>
    </Th>
  </>
);

/** Everybody with an account; for admins also who is invited, and changing all that. */
export function Members() {
  const denied = useDenied('admin');
  const query = useQuery(membersQuery());
  return (
    <>
      <dl className="mb-6 space-y-1 text-ui text-text-2">
        {(['viewer', 'operator', 'admin'] as const).map((role) => (
          <div key={role} className="flex gap-x-2">
            <dt className="w-18 shrink-0 font-medium text-text">{asSentence(role)}</dt>
            <dd>{ROLES[role]}</dd>
          </div>
        ))}
      </dl>
      {denied ? (
        <p className="mb-4 text-ui text-text-2">Only an admin invites, changes and removes.</p>
      ) : (
        <Invite />
      )}
      <Section title="Members">
        <Loaded query={query} what="the members">
          {({ items }) => {
            const admins = items.filter(({ role }) => role === 'admin').length;
            return (
              <Table fixed label="Members" head={HEAD}>
                {items.map((member) => (
                  <Row
                    key={member.id}
                    member={member}
                    mayChange={!denied}
                    onlyAdmin={member.role === 'admin' && admins === 1}
                  />
                ))}
              </Table>
            );
          }}
        </Loaded>
      </Section>
      {!denied && <OpenInvitations />}
    </>
  );
}

function Row({
  member,
  mayChange,
  onlyAdmin,
}: {
  member: Member;
  mayChange: boolean;
  onlyAdmin: boolean;
}) {
  const [wanted, setWanted] = useState<Wanted>();
  const { name, email, role, seen_at, you } = member;
  const others = (['viewer', 'operator', 'admin'] satisfies Role[]).filter((it) => it !== role);
  const trigger = (
    <Button
      size="icon"
      kind="quiet"
      aria-label={`Change ${name}`}
      disabledReason={
        onlyAdmin ? 'This is the only admin. Make somebody else an admin first.' : undefined
      }
    >
      <Ellipsis size={16} aria-hidden />
    </Button>
  );
  return (
    <tr>
      <Td>
        <span className="flex flex-wrap items-center gap-x-2">
          <span className="font-medium break-words">{name}</span>
          {you && <Tag>You</Tag>}
        </span>
        <span className="block text-meta break-words text-text-2">
          <Email address={email} />
        </span>
      </Td>
      <Td>{asSentence(role)}</Td>
      <Td hide="sm" className="text-text-2">
        {seen_at ? <Ago at={seen_at} /> : 'Never'}
      </Td>
      <Td right>
        {mayChange &&
          (onlyAdmin ? (
            trigger
          ) : (
            <Menu trigger={trigger}>
              {others.map((other) => (
                <MenuItem key={other} onClick={() => setWanted(other)}>
                  Make {other}…
                </MenuItem>
              ))}
              <MenuItem onClick={() => setWanted('gone')}>
                <span className="text-bad">Remove…</span>
              </MenuItem>
            </Menu>
          ))}
        <Change member={member} wanted={wanted} onDone={() => setWanted(undefined)} />
      </Td>
    </tr>
  );
}

function Change({
  member,
  wanted,
  onDone,
}: {
  member: Member;
  wanted: Wanted | undefined;
  onDone: () => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  // What was asked last stays on the dialog while it closes.
  const [asked, setAsked] = useState<Wanted>('viewer');
  if (wanted && wanted !== asked) setAsked(wanted);
  const { title, action, lines } = outcome(member, asked);
  return (
    <Confirm
      open={wanted !== undefined}
      onOpenChange={(open) => !open && onDone()}
      title={title}
      action={action}
      keep={asked === 'gone' ? 'Keep them' : 'Leave it'}
      onConfirm={async () => {
        if (asked === 'gone') await deleteMember(member.id);
        else await setMemberRole(member.id, asked);
        if (asked === 'gone' && member.you) {
          client.clear();
          await navigate({ to: '/login', search: {} });
          return;
        }
        const refresh = () =>
          client.invalidateQueries({
            predicate: ({ queryKey: [first] }) =>
              first === 'members' || first === 'invitations' || (member.you && first === 'session'),
          });
        await refresh();
        if (asked === 'gone') say(`${member.name} is removed`);
        else {
          // Who is no admin any more can't take that back.
          const undo = member.you
            ? undefined
            : () => setMemberRole(member.id, member.role).then(refresh);
          say(`${member.name} is ${asked} now`, undo);
        }
      }}
    >
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </Confirm>
  );
}
