import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { Loaded } from '~/api/loaded';
import { deleteOtherSessions, deleteSession } from '~/api/mutations';
import { sessionsQuery } from '~/api/queries';
import type { LoginSession } from '~/api/schema.gen';
import { device } from '~/lib/device';
import { count } from '~/lib/text';
import { Button } from '~/ui/button';
import { Confirm } from '~/ui/dialog';
import { Section } from '~/ui/page';
import { Table, Td, Th } from '~/ui/table';
import { Tag } from '~/ui/tag';
import { Ago } from '~/ui/time';
import { say } from '~/ui/say';

const HEAD = (
  <>
    <Th>Browser</Th>
    <Th hide="sm">Logged in</Th>
    <Th hide="sm">Last seen</Th>
    <Th>
      <span className="sr-only">Log out</span>
    </Th>
  </>
);

/** Where one is logged in, and the way to end that elsewhere. */
export function Sessions() {
  const query = useQuery(sessionsQuery());
  return (
    <>
      <p className="mb-4 text-ui text-text-2">
        A browser stays logged in for 30 days after it was last seen. API tokens are not listed
        here, and stay when a browser is logged out.
      </p>
      <Loaded query={query} what="your sessions">
        {({ items }) => (
          <Section title="Your sessions" aside={<Others sessions={items} />}>
            <Table label="Your sessions" head={HEAD}>
              {items.map((session) => (
                <Row key={session.id} session={session} />
              ))}
            </Table>
          </Section>
        )}
      </Loaded>
    </>
  );
}

function Others({ sessions }: { sessions: readonly LoginSession[] }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const others = sessions.filter(({ current }) => !current).length;
  if (others === 0) return null;
  return (
    <>
      <Button size="small" onClick={() => setAsking(true)}>
        Log out all others…
      </Button>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title="Log out all other browsers?"
        action="Log out all others"
        keep="Keep them"
        onConfirm={async () => {
          await deleteOtherSessions();
          await client.invalidateQueries({ queryKey: ['sessions'] });
          say('All other browsers are logged out');
        }}
      >
        <p>
          {count(others, 'browser')} will have to log in again. What is typed there and not saved is
          lost. This browser stays logged in.
        </p>
      </Confirm>
    </>
  );
}

function Row({ session }: { session: LoginSession }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const name = device(session.user_agent);
  return (
    <tr>
      <Td className="font-medium">
        <span className="flex flex-wrap items-center gap-x-2" title={session.user_agent}>
          <span className="min-w-0 break-words">{name}</span>
          {session.current && <Tag>This browser</Tag>}
        </span>
        <span className="block text-meta font-normal text-text-2 sm:hidden">
          Last seen <Ago at={session.seen_at} />
        </span>
      </Td>
      <Td hide="sm" className="text-text-2">
        <Ago at={session.created_at} />
      </Td>
      <Td hide="sm" className="text-text-2">
        <Ago at={session.seen_at} />
      </Td>
      <Td right>
        {!session.current && (
          <Button
            size="small"
            kind="quiet"
            aria-label={`Log out ${name}`}
            onClick={() => setAsking(true)}
          >
            Log out…
          </Button>
        )}
        <Confirm
          open={asking}
          onOpenChange={setAsking}
          title={`Log out ${name}?`}
          action="Log out"
          keep="Keep it"
          onConfirm={async () => {
            await deleteSession(session.id);
            await client.invalidateQueries({ queryKey: ['sessions'] });
            say(`${name} is logged out`);
          }}
        >
          <p>That browser will have to log in again. What is typed there and not saved is lost.</p>
        </Confirm>
      </Td>
    </tr>
  );
}
