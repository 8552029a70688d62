import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { sortFaults } from '~/api/faults';
import { Loaded } from '~/api/loaded';
import { createToken, deleteToken } from '~/api/mutations';
import { tokensQuery } from '~/api/queries';
import type { ApiToken, CreatedApiToken } from '~/api/schema.gen';
import { Button } from '~/ui/button';
import { Confirm } from '~/ui/dialog';
import { Empty } from '~/ui/empty';
import { TextField } from '~/ui/field';
import { Once } from '~/ui/once';
import { Section } from '~/ui/page';
import { Table, Td, Th } from '~/ui/table';
import { Ago } from '~/ui/time';
import { say } from '~/ui/say';

const HEAD = (
  <>
    <Th>Name</Th>
    <Th>Created</Th>
    <Th>Last used</Th>
    <Th>
      <span className="sr-only">Revoke</span>
    </Th>
  </>
);

export function Tokens() {
  const query = useQuery(tokensQuery());
  const [fresh, setFresh] = useState<CreatedApiToken>();
  return (
    <>
      <p className="mb-4 text-ui text-text-2">
        A token does what you may do. Send it as{' '}
        <code className="font-mono text-meta">Authorization: Bearer …</code>
      </p>
      <NewToken onMade={setFresh} />
      {fresh && (
        <Once
          title={`Copy the token “${fresh.name}” now`}
          secret={fresh.token}
          copyLabel="Copy the token"
          onDone={() => setFresh(undefined)}
        >
          Berth keeps only its hash and can’t show it again.
        </Once>
      )}
      <Section title="Your tokens">
        <Loaded query={query} what="your tokens">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No tokens">Give the first one a name above.</Empty>
            ) : (
              <Table label="Your tokens" head={HEAD}>
                {items.map((token) => (
                  <TokenRow key={token.id} token={token} />
                ))}
              </Table>
            )
          }
        </Loaded>
      </Section>
    </>
  );
}

function NewToken({ onMade }: { onMade: (token: CreatedApiToken) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const submit = async () => {
    setBusy(true);
    setError(undefined);
    try {
      onMade(await createToken(name.trim()));
      setName('');
      await client.invalidateQueries({ queryKey: ['tokens'] });
    } catch (failure) {
      const { fields, rest } = sortFaults(failure, ['name'] as const);
      setError(fields.name ?? rest ?? undefined);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      noValidate
      className="mb-6 flex items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div className="w-full max-w-80">
        <TextField
          label="New token"
          placeholder="Name, such as: ci"
          autoComplete="off"
          value={name}
          error={error}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <Button
        type="submit"
        kind="primary"
        busy={busy}
        disabledReason={name.trim() ? undefined : 'Give the token a name first.'}
      >
        Create token
      </Button>
    </form>
  );
}

function TokenRow({ token }: { token: ApiToken }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  return (
    <tr>
      <Td className="font-medium break-all">{token.name}</Td>
      <Td className="text-text-2">
        <Ago at={token.created_at} />
      </Td>
      <Td className="text-text-2">{token.used_at ? <Ago at={token.used_at} /> : 'Never'}</Td>
      <Td right>
        <Button
          size="small"
          kind="quiet"
          aria-label={`Revoke ${token.name}`}
          onClick={() => setAsking(true)}
        >
          Revoke…
        </Button>
        <Confirm
          open={asking}
          onOpenChange={setAsking}
          title={`Revoke the token ${token.name}?`}
          action="Revoke token"
          onConfirm={async () => {
            await deleteToken(token.id);
            await client.invalidateQueries({ queryKey: ['tokens'] });
            say('Token revoked');
          }}
        >
          <p>Whatever uses it is refused from now on.</p>
        </Confirm>
      </Td>
    </tr>
  );
}
