import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';

import { ROLES } from '~/api/access';
import { Failure, Loaded } from '~/api/loaded';
import { logOut } from '~/api/mutations';
import { sessionQuery } from '~/api/queries';
import { asSentence } from '~/lib/text';
import { Button } from '~/ui/button';
import { Panel } from '~/ui/page';

export function Account() {
  const query = useQuery(sessionQuery());
  const client = useQueryClient();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  return (
    <Loaded query={query} what="your account">
      {({ user }) => (
        <div className="space-y-4">
          <Panel>
            <dl className="divide-y divide-line text-ui">
              <Row name="Name">{user.name}</Row>
              <Row name="E-mail">{user.email}</Row>
              <Row name="Role">
                {asSentence(user.role)}
                <span className="block text-meta text-text-2">{asSentence(ROLES[user.role])}</span>
              </Row>
            </dl>
          </Panel>
          <Failure error={error} title="Could not log out" />
          <Button
            busy={busy}
            onClick={() => {
              setBusy(true);
              logOut()
                .then(async () => {
                  client.clear();
                  await navigate({ to: '/login', search: {} });
                })
                .catch(setError)
                .finally(() => setBusy(false));
            }}
          >
            Log out
          </Button>
        </div>
      )}
    </Loaded>
  );
}

export function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid min-h-10 items-center gap-x-4 px-3 py-2.5 sm:grid-cols-[160px_minmax(0,1fr)]">
      <dt className="text-text-2">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  );
}
