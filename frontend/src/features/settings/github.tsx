import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Fragment } from 'react';

import { Loaded } from '~/api/loaded';
import { deliveriesQuery, githubQuery } from '~/api/queries';
import type { Github, Installation, Outcome } from '~/api/schema.gen';
import { asSentence, shortRef } from '~/lib/text';
import { buttonClass } from '~/ui/button';
import { CopyButton } from '~/ui/copy';
import { Empty } from '~/ui/empty';
import { Outside } from '~/ui/outside';
import { Panel, Section } from '~/ui/page';
import { Status, type Look } from '~/ui/status';
import { Table, Td, Th } from '~/ui/table';
import { Tag } from '~/ui/tag';
import { Ago } from '~/ui/time';

import { Row } from './account';

const HEAD = (
  <>
    <Th>Account</Th>
    <Th hide="sm">Kind</Th>
    <Th right>Repositories</Th>
    <Th right>State</Th>
  </>
);

export function GithubSettings() {
  const query = useQuery(githubQuery());
  return (
    <Loaded query={query} what="the GitHub settings">
      {(github) => (
        <>
          <Section title="App">
            <App github={github} />
          </Section>
          {github.app && (
            <Section title="Installations">
              <Installations github={github} />
              <Link to="/setup/github" className={`mt-3 ${buttonClass()}`}>
                Add repositories
              </Link>
            </Section>
          )}
          {github.installations.map((installation) => (
            <Section
              key={installation.id}
              title={`What ${installation.account_login} lets Berth do`}
            >
              <Permissions installation={installation} />
            </Section>
          ))}
          {github.app && (
            <Section
              title="Last deliveries"
              aside={
                <Link
                  to="/events"
                  search={{ kind: 'delivery' }}
                  className="text-accent hover:underline"
                >
                  All deliveries
                </Link>
              }
            >
              <Deliveries webhook={github.webhook_url} />
            </Section>
          )}
        </>
      )}
    </Loaded>
  );
}

/** Where an address may be broken. */
const AFTER_SLASH = /(?<=\/)(?!\/)/;

function App({ github }: { github: Github }) {
  if (!github.app) {
    return (
      <Empty
        title="No GitHub App yet"
        action={
          <Link to="/setup/github" className={buttonClass({ kind: 'primary' })}>
            Connect GitHub
          </Link>
        }
      >
        Berth makes an App of its own, with the permissions it needs and no others.
      </Empty>
    );
  }
  return (
    <Panel>
      <dl className="divide-y divide-line text-ui">
        <Row name="App">
          <Outside href={github.app.html_url}>{github.app.name}</Outside>
        </Row>
        <Row name="App id">
          <span className="tabular-nums">{github.app.app_id}</span>
        </Row>
        <Row name="Owner">{github.app.owner_login}</Row>
        <Row name="Webhooks go to">
          <span className="flex items-center gap-1">
            <code className="min-w-0 font-mono text-meta break-words">
              {github.webhook_url.split(AFTER_SLASH).map((part, place) => (
                // oxlint-disable-next-line react/no-array-index-key
                <Fragment key={place}>
                  {place > 0 && <wbr />}
                  {part}
                </Fragment>
              ))}
            </code>
            <CopyButton text={github.webhook_url} label="Copy the webhook address" />
          </span>
        </Row>
        <Row name="Last delivery">
          {github.last_delivery_at ? (
            <Ago at={github.last_delivery_at} />
          ) : (
            <>
              <span className="text-warn">GitHub has not reached this address yet.</span>{' '}
              <Link to="/setup/github" className="underline underline-offset-2">
                What to check
              </Link>
            </>
          )}
        </Row>
      </dl>
    </Panel>
  );
}

/** Whose account an installation is of, as GitHub calls it. */
const KINDS: Record<string, string> = { Organization: 'Organisation', User: 'User' };

function Installations({ github }: { github: Github }) {
  if (github.installations.length === 0) {
    return (
      <Empty title="Not installed anywhere">Choose the repositories that Berth may see.</Empty>
    );
  }
  return (
    <Table label="Installations" head={HEAD}>
      {github.installations.map((installation) => (
        <tr key={installation.id}>
          <Td>
            <Outside href={installation.html_url}>{installation.account_login}</Outside>
          </Td>
          <Td hide="sm" className="text-text-2">
            {KINDS[installation.account_kind] ?? installation.account_kind}
          </Td>
          <Td right>{installation.repository_count.toLocaleString('en')}</Td>
          <Td right>
            {installation.suspended ? (
              <Tag tone="warn">Suspended</Tag>
            ) : (
              <Tag tone="ok">Active</Tag>
            )}
          </Td>
        </tr>
      ))}
    </Table>
  );
}

/** Why Berth asks for each; GitHub's names on the left. */
const WHY: Record<string, string> = {
  checks: 'To show on a commit how its deployment goes',
  contents: 'To read the source of what is deployed',
  deployments: 'To tell GitHub what is deployed where',
  issues: 'To find its own comment on a pull request',
  metadata: 'To see which repositories there are',
  pull_requests: 'To read pull requests, and comment with a preview’s address',
  statuses: 'To mark a commit where checks are not shown',
};

function Permissions({ installation }: { installation: Installation }) {
  const missing = installation.permissions.some(({ enough }) => !enough);
  return (
    <>
      {missing && (
        <p className="mb-2 text-ui text-warn">
          Something is not granted.{' '}
          <Outside href={installation.html_url}>Grant it on GitHub</Outside>
        </p>
      )}
      <Table
        label={`What ${installation.account_login} lets Berth do`}
        head={
          <>
            <Th>Permission</Th>
            <Th>Needed</Th>
            <Th>Granted</Th>
          </>
        }
      >
        {installation.permissions.map(({ name, wanted, granted, enough }) => (
          <tr key={name}>
            <Td>
              {asSentence(name.replaceAll('_', ' '))}
              {WHY[name] && <span className="block text-meta text-text-2">{WHY[name]}</span>}
            </Td>
            <Td className="text-text-2">{asSentence(wanted)}</Td>
            <Td>
              <Status
                look={enough ? 'done' : 'degraded'}
                word={granted ? asSentence(granted) : 'Not granted'}
              />
            </Td>
          </tr>
        ))}
      </Table>
    </>
  );
}

const OUTCOMES = {
  deployed: { look: 'noted', word: 'Matched' },
  ignored: { look: 'stopped', word: 'Ignored' },
  recorded: { look: 'noted', word: 'Recorded' },
  failed: { look: 'failed', word: 'Failed' },
} satisfies Record<Outcome, { look: Look; word: string }>;

function Deliveries({ webhook }: { webhook: string }) {
  const query = useQuery(deliveriesQuery());
  return (
    <Loaded query={query} what="the last deliveries">
      {({ items }) =>
        items.length === 0 ? (
          <Empty title="No delivery yet">
            GitHub sends to <code className="font-mono text-meta break-all">{webhook}</code>
          </Empty>
        ) : (
          <Table
            label="Last deliveries"
            head={
              <>
                <Th>Event</Th>
                <Th hide="sm">About</Th>
                <Th>Outcome</Th>
                <Th right>Received</Th>
              </>
            }
          >
            {items.map((it) => (
              <tr key={it.id}>
                <Td>
                  <Link
                    to="/events"
                    search={{ id: it.id }}
                    className="font-mono text-meta underline decoration-line-strong underline-offset-2 hover:text-accent"
                  >
                    {it.action ? `${it.event} ${it.action}` : it.event}
                  </Link>
                </Td>
                <Td hide="sm" className="text-text-2">
                  {it.repository} {it.git_ref && shortRef(it.git_ref)}
                </Td>
                <Td>
                  {it.outcome ? (
                    <Status {...OUTCOMES[it.outcome]} />
                  ) : (
                    <Status look="pending" word="Waiting" />
                  )}
                </Td>
                <Td right>
                  <Ago at={it.received_at} />
                </Td>
              </tr>
            ))}
          </Table>
        )
      }
    </Loaded>
  );
}
