import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';

import { sortFaults } from '~/api/faults';
import { setUp } from '~/api/mutations';
import { sessionQuery } from '~/api/queries';
import { useTitle } from '~/lib/title';
import { Bar } from '~/ui/bar';
import { Button } from '~/ui/button';
import { TextField } from '~/ui/field';
import { Mark } from '~/ui/mark';
import { Centred } from '~/ui/page';

const FIELDS = ['name', 'email', 'password'] as const;

/** The first account, by the one-time link that the server printed. */
export function AccountPage({ token }: { token: string | undefined }) {
  useTitle('First account');
  const client = useQueryClient();
  const navigate = useNavigate();
  const [rest, setRest] = useState<string | null>(null);
  const { register, handleSubmit, setError, formState } = useForm({
    defaultValues: { name: '', email: '', password: '' },
  });
  const { errors, isSubmitting } = formState;

  const submit = handleSubmit(async (values) => {
    setRest(null);
    try {
      client.setQueryData(sessionQuery().queryKey, await setUp({ token: token ?? '', ...values }));
      await navigate({ to: '/setup/github' });
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
    <Centred>
      <Mark />
      <h1 tabIndex={-1} className="mt-8 text-title font-semibold tracking-[-0.01em]">
        Create the first account
      </h1>
      <p className="mt-1 mb-6 text-body text-balance text-text-2">
        This account is the administrator. The link works once.
      </p>
      {token ? (
        <form noValidate className="space-y-4" onSubmit={(event) => void submit(event)}>
          {rest && (
            <Bar tone="bad" role="alert">
              {rest}
            </Bar>
          )}
          <TextField
            label="Name"
            autoComplete="name"
            error={errors.name?.message}
            {...register('name')}
          />
          <TextField
            label="E-mail"
            type="email"
            autoComplete="username"
            error={errors.email?.message}
            {...register('email')}
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
              Create the account
            </Button>
          </div>
        </form>
      ) : (
        <Bar tone="warn">
          <p className="font-semibold">This link has no token.</p>
          <p>
            Open the whole link that <code className="font-mono text-meta">berth serve</code>{' '}
            printed when it started.
          </p>
        </Bar>
      )}
    </Centred>
  );
}
