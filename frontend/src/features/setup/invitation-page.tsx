import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';

import { ROLES } from '~/api/access';
import { isStatus } from '~/api/client';
import { sortFaults } from '~/api/faults';
import { Loaded } from '~/api/loaded';
import { acceptInvitation } from '~/api/mutations';
import { invitationQuery, sessionQuery } from '~/api/queries';
import type { InvitationLook } from '~/api/schema.gen';
import { short } from '~/lib/time';
import { useTitle } from '~/lib/title';
import { Bar } from '~/ui/bar';
import { Button, buttonClass } from '~/ui/button';
import { TextField } from '~/ui/field';
import { Mark } from '~/ui/mark';
import { Centred } from '~/ui/page';

const FIELDS = ['name', 'password'] as const;

/** What an invitation's link leads to: whom it is for, and choosing a password. */
export function InvitationPage({ token }: { token: string | undefined }) {
  useTitle('Invitation');
  return (
    <Centred>
      <Mark />
      <h1 tabIndex={-1} className="mt-8 text-title font-semibold tracking-[-0.01em]">
        Join this Berth
      </h1>
      <div className="mt-1">
        {token ? (
          <Invited token={token} />
        ) : (
          <NoGood>This link has no token: open all of it.</NoGood>
        )}
      </div>
    </Centred>
  );
}

function Invited({ token }: { token: string }) {
  const query = useQuery(invitationQuery(token));
  if (isStatus(query.error, 403)) return <NoGood>{query.error?.message}</NoGood>;
  return (
    <Loaded query={query} what="the invitation">
      {(look) => <Accept token={token} look={look} />}
    </Loaded>
  );
}

function NoGood({ children }: { children: React.ReactNode }) {
  return (
    <div className="mt-5 space-y-4">
      <Bar tone="warn" role="alert">
        <p>{children}</p>
      </Bar>
      <Link to="/login" search={{}} className={buttonClass()}>
        Log in
      </Link>
    </div>
  );
}

function Accept({ token, look }: { token: string; look: InvitationLook }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [rest, setRest] = useState<string | null>(null);
  const { register, handleSubmit, setError, formState } = useForm({
    defaultValues: { name: '', password: '' },
  });
  const { errors, isSubmitting } = formState;

  const submit = handleSubmit(async (values) => {
    setRest(null);
    try {
      const session = await acceptInvitation({ token, ...values });
      // Whoever was logged in here before is not any more.
      client.clear();
      client.setQueryData(sessionQuery().queryKey, session);
      await navigate({ to: '/' });
    } catch (failure) {
      const sorted = sortFaults(failure, FIELDS);
      setRest(sorted.rest);
      for (const field of FIELDS) {
        const message = sorted.fields[field];
        if (message) setError(field, { message }, { shouldFocus: true });
      }
    }
  });

  return (
    <>
      <p className="mb-6 text-body text-text-2">
        {look.invited_by} invites you as {look.role}: you {ROLES[look.role]}. The link works once,
        until {short(look.expires_at)}.
      </p>
      <form noValidate className="space-y-4" onSubmit={(event) => void submit(event)}>
        {rest && (
          <Bar tone="bad" role="alert">
            {rest}
          </Bar>
        )}
        <TextField
          label="E-mail"
          type="email"
          autoComplete="username"
          hint="What you log in with from now on."
          value={look.email}
          readOnly
        />
        <TextField
          label="Name"
          autoComplete="name"
          error={errors.name?.message}
          {...register('name')}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="new-password"
          hint="At least 10 characters."
          error={errors.password?.message}
          {...register('password')}
        />
        <div className="grid pt-1">
          <Button type="submit" kind="primary" busy={isSubmitting}>
            Join
          </Button>
        </div>
      </form>
    </>
  );
}
