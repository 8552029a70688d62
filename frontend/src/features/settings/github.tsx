import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Loaded } from '~/api/loaded';
import { githubQuery } from '~/api/queries';
import type { Github } from '~/api/schema.gen';
import { count } from '~/lib/text';
import { buttonClass } from '~/ui/button';
import { CopyButton } from '~/ui/copy';
import { Empty } from '~/ui/empty';
import { Outside } from '~/ui/outside';
import { Panel, Section } from '~/ui/page';
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
        </>
      )}
    </Loaded>
  );
}

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
            <code className="min-w-0 font-mono text-meta break-all">{github.webhook_url}</code>
            <CopyButton text={github.webhook_url} label="Copy the webhook address" />
          </span>
        </Row>
        <Row name="Last delivery">
          {github.last_delivery_at ? (
            <Ago at={github.last_delivery_at} />
          ) : (
            <span className="text-warn">GitHub has not reached this address yet</span>
          )}
        </Row>
      </dl>
    </Panel>
  );
}

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
            {installation.account_kind}
          </Td>
          <Td right>{count(installation.repository_count, 'repository', 'repositories')}</Td>
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
