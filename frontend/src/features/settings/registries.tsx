import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { useDenied } from '~/api/access';
import { sortFaults } from '~/api/faults';
import { Loaded } from '~/api/loaded';
import { deleteRegistry, putRegistry, testRegistry } from '~/api/mutations';
import { registriesQuery } from '~/api/queries';
import type { LoginOutcome, Registry, RegistryCheck } from '~/api/schema.gen';
import { messageOf } from '~/lib/text';
import { Bar } from '~/ui/bar';
import { Button } from '~/ui/button';
import { Confirm } from '~/ui/dialog';
import { Empty } from '~/ui/empty';
import { TextField } from '~/ui/field';
import { Section } from '~/ui/page';
import { Table, Td, Th } from '~/ui/table';
import { Ago } from '~/ui/time';
import { say } from '~/ui/say';

const HEAD = (
  <>
    <Th>Registry</Th>
    <Th hide="sm">Login</Th>
    <Th hide="sm">Replaced</Th>
    <Th>
      <span className="sr-only">What can be done</span>
    </Th>
  </>
);

const FIELDS = ['host', 'username', 'password'] as const;
type Form = Record<(typeof FIELDS)[number], string>;
const NOTHING: Form = { host: '', username: '', password: '' };

export function Registries() {
  const denied = useDenied('admin');
  if (denied) return <Empty title="Not for you to see">{denied}</Empty>;
  return <Logins />;
}

function Logins() {
  const query = useQuery(registriesQuery());
  const [form, setForm] = useState(NOTHING);
  return (
    <>
      <p className="mb-4 text-ui text-text-2">
        Images of a registry that is listed here are looked up, and pulled by the nodes, with its
        login. Passwords are stored sealed and are never shown again.
      </p>
      <LoginForm form={form} onChange={setForm} />
      <Section title="Logins">
        <Loaded query={query} what="the registries">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No logins">Images are pulled as everybody can.</Empty>
            ) : (
              <Table label="Logins" head={HEAD}>
                {items.map((registry) => (
                  <RegistryRow
                    key={registry.host}
                    registry={registry}
                    onReplace={() => {
                      const { host, username } = registry;
                      setForm({ host, username, password: '' });
                    }}
                  />
                ))}
              </Table>
            )
          }
        </Loaded>
      </Section>
    </>
  );
}

function LoginForm({ form, onChange }: { form: Form; onChange: (form: Form) => void }) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [errors, setErrors] = useState<Partial<Form>>({});
  const [rest, setRest] = useState<string | null>(null);
  const field = (name: keyof Form) => ({
    value: form[name],
    error: errors[name],
    onChange: (event: { target: { value: string } }) =>
      onChange({ ...form, [name]: event.target.value }),
  });
  const submit = async () => {
    setBusy(true);
    setErrors({});
    setRest(null);
    try {
      const { host, username, password } = form;
      await putRegistry(host.trim(), { username: username.trim(), password });
      onChange(NOTHING);
      say('Login stored');
      await client.invalidateQueries({ queryKey: ['registries'] });
    } catch (failure) {
      const sorted = sortFaults(failure, FIELDS);
      setErrors(sorted.fields);
      setRest(sorted.rest);
    } finally {
      setBusy(false);
    }
  };
  const missing = FIELDS.some((name) => !form[name].trim());
  return (
    <form
      noValidate
      className="mb-6 space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div className="grid gap-4 sm:grid-cols-3">
        <TextField
          label="Registry"
          mono
          autoComplete="off"
          placeholder="ghcr.io"
          {...field('host')}
        />
        <TextField label="User" autoComplete="off" {...field('username')} />
        <TextField
          label="Password or token"
          type="password"
          autoComplete="new-password"
          {...field('password')}
        />
      </div>
      {rest && (
        <Bar tone="bad" role="alert">
          <strong className="font-semibold">Could not store it.</strong> {rest}
        </Bar>
      )}
      <Button
        type="submit"
        kind="primary"
        busy={busy}
        disabledReason={missing ? 'Name the registry, the user and the password first.' : undefined}
      >
        Store login
      </Button>
    </form>
  );
}

const TONES = {
  accepted: 'text-text-2',
  denied: 'font-medium text-bad',
  unreachable: 'font-medium text-bad',
} satisfies Record<LoginOutcome, string>;

function RegistryRow({ registry, onReplace }: { registry: Registry; onReplace: () => void }) {
  const client = useQueryClient();
  const { host } = registry;
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<RegistryCheck>();
  const test = async () => {
    setBusy(true);
    setSaid(undefined);
    try {
      setSaid(await testRegistry(host));
    } catch (failure) {
      setSaid({ outcome: 'unreachable', detail: messageOf(failure) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <tr>
      <Td className="font-mono text-meta break-words">
        {host}
        <span className="block font-sans text-text-2 sm:hidden">{registry.username}</span>
        {said && (
          <p role="status" className={`mt-1 font-sans ${TONES[said.outcome]}`}>
            {said.detail}
          </p>
        )}
      </Td>
      <Td hide="sm" className="break-all">
        {registry.username}
      </Td>
      <Td hide="sm" className="text-text-2">
        <Ago at={registry.updated_at} />
      </Td>
      <Td right>
        <span className="inline-flex flex-wrap justify-end gap-1">
          <Button
            size="small"
            kind="quiet"
            busy={busy}
            aria-label={`Test the login to ${host}`}
            onClick={() => void test()}
          >
            Test
          </Button>
          <Button
            size="small"
            kind="quiet"
            aria-label={`Replace the login to ${host}`}
            onClick={onReplace}
          >
            Replace
          </Button>
          <Button
            size="small"
            kind="quiet"
            aria-label={`Remove the login to ${host}`}
            onClick={() => setAsking(true)}
          >
            Remove…
          </Button>
        </span>
        <Confirm
          open={asking}
          onOpenChange={setAsking}
          title={`Remove the login to ${host}?`}
          action="Remove login"
          onConfirm={async () => {
            await deleteRegistry(host);
            await client.invalidateQueries({ queryKey: ['registries'] });
            say('Login removed');
          }}
        >
          <p>
            Deployments ask {host} without a login from now on, and fail for images that it does not
            give to everybody. Services that run keep the login that they have until they change.
          </p>
        </Confirm>
      </Td>
    </tr>
  );
}
