import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';

import { sortFaults } from '~/api/faults';
import { logIn } from '~/api/mutations';
import { sessionQuery } from '~/api/queries';
import { localPath } from '~/lib/text';
import { useTitle } from '~/lib/title';
import { Bar } from '~/ui/bar';
import { Button } from '~/ui/button';
import { TextField } from '~/ui/field';
import { Mark } from '~/ui/mark';
import { Centred } from '~/ui/page';

const FIELDS = ['email', 'password'] as const;

export function LoginPage({ from }: { from: string | undefined }) {
  useTitle('Log in');
  const client = useQueryClient();
  const router = useRouter();
  const [rest, setRest] = useState<string | null>(null);
  const { register, handleSubmit, setError, formState } = useForm({
    defaultValues: { email: '', password: '' },
  });
  const { errors, isSubmitting } = formState;

  const submit = handleSubmit(async (values) => {
    setRest(null);
    try {
      client.setQueryData(sessionQuery().queryKey, await logIn(values));
      router.history.push(localPath(from));
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
      <h1 tabIndex={-1} className="mt-8 mb-6 text-title font-semibold tracking-[-0.01em]">
        Log in
      </h1>
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
          error={errors.email?.message}
          {...register('email')}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          error={errors.password?.message}
          {...register('password')}
        />
        <div className="grid pt-1">
          <Button type="submit" kind="primary" busy={isSubmitting}>
            Log in
          </Button>
        </div>
      </form>
      <p className="mt-6 text-meta text-text-2">
        No account yet? Ask an admin for an invitation. The very first account is made with the link
        that <code className="font-mono">berth serve</code> printed.
      </p>
    </Centred>
  );
}
