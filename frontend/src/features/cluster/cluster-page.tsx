import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';

import { Loaded } from '~/api/loaded';
import { clusterQuery } from '~/api/queries';
import type { Cluster, Node, Outage } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { count } from '~/lib/text';
import { Empty } from '~/ui/empty';
import { Page, PageHead, Panel, Section } from '~/ui/page';
import { Status, StatusIcon } from '~/ui/status';
import { Table, Td, Th } from '~/ui/table';
import { Tag } from '~/ui/tag';
import { Ago } from '~/ui/time';

import { byStack, cpus, memory, nodeLook, outcome, running } from './words';

const HEAD = (
  <>
    <Th>Node</Th>
    <Th>State</Th>
    <Th hide="lg">Role</Th>
    <Th hide="sm" right>
      Resources
    </Th>
    <Th hide="sm" className="w-1/3">
      Tasks
    </Th>
  </>
);

/** The nodes that stacks run on, and what became of those that were away. */
export function ClusterPage() {
  const query = useQuery(clusterQuery());
  return (
    <Page>
      <PageHead title="Cluster" aside={query.data?.nodes.length}>
        <p className="mt-0.5 text-ui text-text-2">
          The nodes of the Swarm, and what of your stacks runs on each.
        </p>
      </PageHead>
      <Loaded query={query} what="the nodes">
        {(cluster) =>
          cluster.nodes.length === 0 ? (
            <Empty title="No nodes yet">
              The Berth that leads looks at them; that takes some seconds after the first start.
            </Empty>
          ) : (
            <>
              <Numbers cluster={cluster} />
              <Table label="Nodes" head={HEAD}>
                {cluster.nodes.map((node) => (
                  <Row key={node.id} node={node} />
                ))}
              </Table>
              <Outages outages={cluster.outages} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function Numbers({ cluster: { nodes, tasks_running, tasks_desired } }: { cluster: Cluster }) {
  const ready = nodes.filter(({ state }) => state === 'ready').length;
  const leader = nodes.find(({ berth_leader }) => berth_leader)?.hostname;
  const numbers = [
    { name: 'Nodes ready', value: `${ready} of ${nodes.length}`, figure: true },
    {
      name: 'Tasks running',
      value: `${tasks_running.toLocaleString('en')} of ${tasks_desired.toLocaleString('en')}`,
      figure: true,
    },
    { name: 'Berth’s leader', value: leader ?? 'Not known yet', figure: false },
  ];
  return (
    <dl className="mb-5 flex flex-wrap gap-x-10 gap-y-3">
      {numbers.map(({ name, value, figure }) => (
        <div key={name} className="min-w-0">
          <dt className="text-meta text-text-2">{name}</dt>
          <dd className={cn('truncate text-panel font-medium', figure && 'tabular-nums')}>
            {value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Row({ node }: { node: Node }) {
  const labels = Object.entries(node.labels);
  return (
    <tr className="align-top">
      <Td className="max-w-0 min-w-40">
        <Link
          to="/cluster/nodes/$node"
          params={{ node: node.id }}
          className="block truncate font-medium hover:underline"
          title={node.hostname}
        >
          {node.hostname}
        </Link>
        <span className="block truncate text-meta text-text-2">
          {node.address}
          {node.engine_version && ` · Docker ${node.engine_version}`}
        </span>
        <span className="block truncate text-meta text-text-2 sm:hidden">
          {cpus(node.cpus)} · {memory(node.memory_bytes)} · {count(running(node.tasks), 'task')}
        </span>
        {labels.length > 0 && (
          <ul aria-label="Labels" className="mt-1 flex flex-wrap gap-1">
            {labels.map(([name, value]) => (
              <li key={name} className="max-w-full">
                <Tag>
                  {name}={value}
                </Tag>
              </li>
            ))}
          </ul>
        )}
      </Td>
      <Td>
        <Status {...nodeLook(node)} />
        {node.away_since && (
          <span className="block text-meta text-text-2">
            since <Ago at={node.away_since} />
          </span>
        )}
      </Td>
      <Td hide="lg" className="whitespace-nowrap">
        {node.role === 'manager' ? 'Manager' : 'Worker'}
        {node.leader && <span className="block text-meta text-text-2">Leads the Swarm</span>}
        {node.berth_leader && <span className="block text-meta text-text-2">Berth’s leader</span>}
      </Td>
      <Td hide="sm" right className="whitespace-nowrap">
        {cpus(node.cpus)}
        <span className="block text-meta text-text-2">{memory(node.memory_bytes)}</span>
      </Td>
      <Td hide="sm">
        <Tasks node={node} />
      </Td>
    </tr>
  );
}

function Tasks({ node }: { node: Node }) {
  if (node.tasks.length === 0) return <span className="text-text-3">None</span>;
  const stacks = byStack(node.tasks);
  return (
    <details className="group">
      <summary className="flex w-fit cursor-pointer list-none items-center gap-1 rounded-tag tabular-nums [&::-webkit-details-marker]:hidden">
        <ChevronRight size={14} aria-hidden className="shrink-0 text-text-3 group-open:rotate-90" />
        {count(running(node.tasks), 'task')} in {count(stacks.length, 'stack')}
      </summary>
      <ul className="mt-1 space-y-1 text-meta">
        {stacks.map(([stack, tasks]) => (
          <li key={stack} className="min-w-0">
            <Link
              to="/stacks/$stack"
              params={{ stack }}
              className="text-ui font-medium break-words hover:underline"
            >
              {stack}
            </Link>{' '}
            <span className="text-text-2">
              {tasks
                .map((task) =>
                  task.running === 1 ? task.service : `${task.service} ×${task.running}`,
                )
                .join(', ')}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Outages({ outages }: { outages: Outage[] }) {
  return (
    <div className="mt-7">
      <Section title="Nodes that were away">
        {outages.length === 0 ? (
          <p className="text-ui text-text-2">None in the last 90 days.</p>
        ) : (
          <Panel>
            <ul data-rows className="divide-y divide-line">
              {outages.map((outage) => (
                <li
                  key={`${outage.node_id} ${outage.lost_at}`}
                  className="flex items-start gap-2 px-3 py-2 text-ui"
                >
                  <span className="mt-0.5">
                    <StatusIcon look={outage.ended_at ? 'noted' : 'failed'} />
                  </span>
                  <span className="min-w-0 flex-1 break-words">
                    <strong className="font-medium">{outage.hostname}</strong> {outcome(outage)}
                  </span>
                  <span className="text-meta leading-5 text-text-2">
                    lost <Ago at={outage.lost_at} />
                  </span>
                </li>
              ))}
            </ul>
          </Panel>
        )}
      </Section>
    </div>
  );
}
