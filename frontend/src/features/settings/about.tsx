import { useQuery } from '@tanstack/react-query';

import { Loaded } from '~/api/loaded';
import { statusQuery } from '~/api/queries';
import { count } from '~/lib/text';
import { CopyButton } from '~/ui/copy';
import { Panel } from '~/ui/page';
import { Status } from '~/ui/status';

import { Row } from './account';

export function About() {
  const query = useQuery(statusQuery());
  return (
    <Loaded query={query} what="the status">
      {({ version, instance_id, postgres, docker, leader }) => (
        <Panel>
          <dl className="divide-y divide-line text-ui">
            <Row name="Berth">{version}</Row>
            <Row name="Instance">
              <span className="flex items-center gap-1">
                <code className="font-mono text-meta break-all">{instance_id}</code>
                <CopyButton text={instance_id} label="Copy the instance’s id" />
              </span>
            </Row>
            <Row name="PostgreSQL">
              <Check ok={postgres.ok} detail={postgres.detail} />
            </Row>
            <Row name="Docker">
              <Check
                ok={docker.ok}
                detail={
                  docker.ok ? `${docker.version}, ${count(docker.nodes, 'node')}` : docker.detail
                }
              />
            </Row>
            <Row name="Leader">
              <Check
                ok={leader.holder !== null}
                detail={
                  leader.holder === null
                    ? 'Nobody leads: nothing is reconciled'
                    : leader.is_me
                      ? 'This process'
                      : leader.holder
                }
              />
            </Row>
          </dl>
        </Panel>
      )}
    </Loaded>
  );
}

function Check({ ok, detail }: { ok: boolean; detail: string }) {
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <Status look={ok ? 'healthy' : 'failed'} word={ok ? 'Healthy' : 'Failing'} />
      <span className="min-w-0 break-words text-text-2">{detail}</span>
    </span>
  );
}
