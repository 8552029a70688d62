import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { sortFaults } from '~/api/faults';
import { Loaded } from '~/api/loaded';
import { createInvitation, deleteInvitation } from '~/api/mutations';
import { invitationsQuery } from '~/api/queries';
import type { CreatedInvitation, Invitation, Role } from '~/api/schema.gen';
import { asSentence } from '~/lib/text';
import { short } from '~/lib/time';
import { Bar } from '~/ui/bar';
import { Button } from '~/ui/button';
import { Confirm } from '~/ui/dialog';
import { Empty } from '~/ui/empty';
import { SelectField, TextField } from '~/ui/field';
import { Once } from '~/ui/once';
import { Section } from '~/ui/page';
import { Table, Td, Th } from '~/ui/table';
import { Tag } from '~/ui/tag';
import { Ago } from '~/ui/time';
import { say } from '~/ui/say';

import { Email } from './email';

const HEAD = (
  <>
    <Th>For</Th>
    <Th hide="sm" className="w-28">
      Role
    </Th>
    <Th hide="sm" className="w-36">
      Created
    </Th>
    <Th className="w-28">
      <span className="sr-only">What can be done</span>
    </Th>
  </>
);

const FIELDS = ['email', 'role'] as const;

/** Lets somebody in: the form, and the link that is shown once. */
export function Invite() {
  const [made, setMade] = useState<CreatedInvitation>();
  return (
    <>
      <NewInvitation onMade={setMade} />
      {made && <Link made={made} onDone={() => setMade(undefined)} />}
    </>
  );
}

/** The links that nobody followed yet. */
export function OpenInvitations() {
  const query = useQuery(invitationsQuery());
  return (
    <Section title="Open invitations">
      <Loaded query={query} what="the invitations">
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No open invitations">Each is listed here until it is accepted.</Empty>
          ) : (
            <Table fixed label="Open invitations" head={HEAD}>
              {items.map((invitation) => (
                <Row key={invitation.id} invitation={invitation} />
              ))}
            </Table>
          )
        }
      </Loaded>
    </Section>
  );
}

function NewInvitation({ onMade }: { onMade: (made: CreatedInvitation) => void }) {
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('operator');
  const [busy, setBusy] = useState(false);
  const [errors, setErrors] = useState<{ email?: string; role?: string }>({});
  const [rest, setRest] = useState<string | null>(null);
  const submit = async () => {
    setBusy(true);
    setErrors({});
    setRest(null);
    try {
      onMade(await createInvitation({ email: email.trim(), role }));
      setEmail('');
      await client.invalidateQueries({ queryKey: ['invitations'] });
    } catch (failure) {
      const sorted = sortFaults(failure, FIELDS);
      setErrors(sorted.fields);
      setRest(sorted.rest);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      noValidate
      className="mb-6 space-y-3"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {rest && (
        <Bar tone="bad" role="alert">
          {rest}
        </Bar>
      )}
      <div className="grid items-start gap-x-2 gap-y-3 sm:grid-cols-[minmax(0,1fr)_128px_auto]">
        <TextField
          label="Invite"
          type="email"
          placeholder="E-mail address"
          autoComplete="off"
          hint="Berth sends no mail: pass the link on yourself."
          value={email}
          error={errors.email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <SelectField
          label="Role"
          value={role}
          error={errors.role}
          onChange={(event) => setRole(event.target.value as Role)}
        >
          {(['viewer', 'operator', 'admin'] satisfies Role[]).map((it) => (
            <option key={it} value={it}>
              {asSentence(it)}
            </option>
          ))}
        </SelectField>
        <div className="sm:pt-6.5">
          <Button
            type="submit"
            kind="primary"
            busy={busy}
            disabledReason={email.trim() ? undefined : 'Say first whom to invite.'}
          >
            Create link
          </Button>
        </div>
      </div>
    </form>
  );
}

/** The only time that the link is shown. */
function Link({ made, onDone }: { made: CreatedInvitation; onDone: () => void }) {
  const { email, role, expires_at } = made.invitation;
  return (
    <Once
      title={`Copy the link for ${email} now`}
      secret={made.link}
      copyLabel="Copy the link"
      onDone={onDone}
    >
      Whoever opens it first becomes {role}. It works once, until {short(expires_at)}. Berth keeps
      only its hash and can’t show it again.
    </Once>
  );
}

function Row({ invitation }: { invitation: Invitation }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { id, email, role, invited_by, created_at, expires_at, expired } = invitation;
  return (
    <tr>
      <Td>
        <span className="flex flex-wrap items-center gap-x-2">
          <span className="min-w-0 font-medium break-words">
            <Email address={email} />
          </span>
          {expired && <Tag tone="warn">Expired</Tag>}
        </span>
        <span className="block text-meta text-text-2">
          <span className="sm:hidden">{asSentence(role)} · </span>
          {expired ? 'Expired' : 'Expires'} {short(expires_at)}
        </span>
      </Td>
      <Td hide="sm">{asSentence(role)}</Td>
      <Td hide="sm" className="text-text-2">
        <Ago at={created_at} /> by {invited_by}
      </Td>
      <Td right>
        <Button
          size="small"
          kind="quiet"
          aria-label={`Revoke the invitation of ${email}`}
          onClick={() => setAsking(true)}
        >
          Revoke…
        </Button>
        <Confirm
          open={asking}
          onOpenChange={setAsking}
          title={`Revoke the invitation of ${email}?`}
          action="Revoke invitation"
          onConfirm={async () => {
            await deleteInvitation(id);
            await client.invalidateQueries({ queryKey: ['invitations'] });
            say('Invitation revoked');
          }}
        >
          <p>The link lets nobody in any more. To invite them again, create a new one.</p>
        </Confirm>
      </Td>
    </tr>
  );
}
