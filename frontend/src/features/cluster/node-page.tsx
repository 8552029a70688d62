import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';

import { useDenied } from '~/api/access';
import { Failure, Loaded } from '~/api/loaded';
import { setAvailability } from '~/api/mutations';
import { nodeQuery } from '~/api/queries';
import type { Node, NodeDetail, NodeLoad, NodeTask } from '~/api/schema.gen';
import { useActs } from '~/lib/acts';
import { usePress } from '~/lib/press';
import { asSentence, shortImage } from '~/lib/text';
import { useTitle } from '~/lib/title';
import { Bar } from '~/ui/bar';
import { Button, buttonClass } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { Page, Section } from '~/ui/page';
import { Status } from '~/ui/status';
import { Table, Td, Th } from '~/ui/table';
import { Tag } from '~/ui/tag';
import { Ago, For } from '~/ui/time';
import { say } from '~/ui/say';

import { DrainDialog } from './drain-dialog';
import { cpus, FATES, INTENDED, memory, nodeLook, TASKS } from './words';

/** One node: what it is and has, what runs on it, and whether it is to take tasks. */
export function NodePage({ id }: { id: string }) {
  const query = useQuery(nodeQuery(id));
  const name = query.data?.node.hostname;
  useTitle(name ?? 'Node');
  return (
    <Page>
      <nav aria-label="Breadcrumb" className="-mt-1 text-meta text-text-2">
        <Link to="/cluster" className="hover:underline">
          Cluster
        </Link>
      </nav>
      <Loaded
        query={query}
        what="the node"
        back={
          <Link to="/cluster" className={buttonClass()}>
            To the cluster
          </Link>
        }
      >
        {(detail) => (
          <>
            <Head detail={detail} />
            <Notices detail={detail} />
            <Facts node={detail.node} load={detail.load} />
            <Tasks detail={detail} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Head({ detail }: { detail: NodeDetail }) {
  const { node } = detail;
  return (
    <header className="mt-1 mb-4 flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
      <h1 tabIndex={-1} className="text-title font-semibold tracking-[-0.01em] break-all">
        {node.hostname}
      </h1>
      <Status {...nodeLook(node)} />
      {node.leader && <Tag>Leads the Swarm</Tag>}
      {node.berth_leader && <Tag>Berth’s leader</Tag>}
      <Acts detail={detail} />
    </header>
  );
}

function Acts({ detail }: { detail: NodeDetail }) {
  const { node } = detail;
  const client = useQueryClient();
  const denied = useDenied('admin');
  const press = usePress();
  const [draining, setDraining] = useState(false);
  const take = (next: NodeDetail) => client.setQueryData(nodeQuery(node.id).queryKey, next);
  const change = (availability: 'active' | 'pause', said: string) =>
    press.press(async () => {
      const before = node.availability;
      const set = async (to: 'active' | 'pause') =>
        take(await setAvailability(node.id, { availability: to, even_with_leader: false }));
      await set(availability);
      // To drain it again would stop what came to it meanwhile: that is asked first.
      const undo = before === 'drain' ? undefined : () => set(before);
      say(`${node.hostname} ${said}`, undo);
    });
  const activate = () => change('active', 'takes tasks again');
  const pause = () => change('pause', 'keeps its tasks and takes no more');
  const is = node.availability;
  useActs(
    denied
      ? []
      : [
          ...(is === 'active'
            ? [{ label: `Pause ${node.hostname}`, run: pause }]
            : [{ label: `Make ${node.hostname} active`, run: activate }]),
          ...(is === 'drain'
            ? []
            : [{ label: `Drain ${node.hostname}…`, run: () => setDraining(true) }]),
        ],
  );
  return (
    <>
      <div className="ml-auto flex gap-2">
        {is === 'active' && (
          <Button
            busy={press.busy}
            disabledReason={denied}
            title="It keeps its tasks and takes no more."
            onClick={pause}
          >
            Pause
          </Button>
        )}
        {is !== 'drain' && (
          <Button disabledReason={denied} onClick={() => setDraining(true)}>
            Drain…
          </Button>
        )}
        {is !== 'active' && (
          <Button kind="primary" busy={press.busy} disabledReason={denied} onClick={activate}>
            Make active
          </Button>
        )}
      </div>
      <DrainDialog
        detail={detail}
        denied={denied}
        open={draining}
        onOpenChange={setDraining}
        onDone={take}
      />
      {Boolean(press.error) && (
        <div className="w-full">
          <Failure error={press.error} title="That did not work" />
        </div>
      )}
    </>
  );
}

function Notices({ detail: { node, intent } }: { detail: NodeDetail }) {
  return (
    <div className="mb-5 space-y-2 empty:hidden">
      {node.away_since && (
        <Bar tone="bad" role="status">
          It is away <For since={node.away_since} />: Swarm runs its tasks elsewhere.
          {node.message && ` ${asSentence(node.message)}.`}
        </Bar>
      )}
      {intent && !intent.done_at && (
        <Bar tone="run" role="status">
          {intent.by} asked for it {INTENDED[intent.availability]} <Ago at={intent.at} />; the Berth
          that leads does it within seconds.
        </Bar>
      )}
      {intent?.failure && (
        <Bar tone="bad" role="status">
          It was {INTENDED[intent.availability]}, as {intent.by} asked, and is not: {intent.failure}
        </Bar>
      )}
      {intent?.done_at && !intent.failure && intent.availability === node.availability && (
        <p className="text-ui text-text-2">
          {nodeLook({ state: 'ready', availability: intent.availability }).word} by {intent.by}{' '}
          <Ago at={intent.done_at} />.
        </p>
      )}
    </div>
  );
}

function Facts({ node, load }: { node: Node; load: NodeLoad | null }) {
  const labels = Object.entries(node.labels);
  const facts: [name: string, value: ReactNode][] = [
    [
      'State',
      <>
        {asSentence(node.state)}{' '}
        <span className="text-text-2">
          <For since={node.state_since} />
        </span>
      </>,
    ],
    ['Availability', asSentence(node.availability)],
    ['Role', node.role === 'manager' ? 'Manager' : 'Worker'],
    ['Address', node.address],
    ['Engine', node.engine_version && `Docker ${node.engine_version}`],
    ['Platform', [node.os, node.architecture].filter(Boolean).join(' / ')],
    ['Processors', reserved(cpus(node.cpus), load && cpus(load.reserved_cpus))],
    ['Memory', reserved(memory(node.memory_bytes), load && memory(load.reserved_memory_bytes))],
  ];
  return (
    <Section title="Facts">
      <dl className="grid grid-cols-2 gap-x-8 gap-y-3 sm:grid-cols-4">
        {facts.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-meta text-text-2">{name}</dt>
            <dd className="text-ui break-words">{value || '–'}</dd>
          </div>
        ))}
        <div className="col-span-full min-w-0">
          <dt className="text-meta text-text-2">Labels</dt>
          <dd className="mt-0.5 flex flex-wrap gap-1 text-ui">
            {labels.length === 0 && '–'}
            {labels.map(([name, value]) => (
              <Tag key={name}>
                {name}={value}
              </Tag>
            ))}
          </dd>
        </div>
      </dl>
    </Section>
  );
}

/** "4 CPUs, 1.5 CPUs reserved". */
function reserved(has: string, kept: string | null): ReactNode {
  return (
    <>
      {has}
      {kept && <span className="block text-meta text-text-2">{kept} reserved</span>}
    </>
  );
}

const HEAD = (
  <>
    <Th>Task</Th>
    <Th>State</Th>
    <Th hide="lg">Image</Th>
    <Th hide="sm">When drained</Th>
  </>
);

function Tasks({ detail: { load, blind } }: { detail: NodeDetail }) {
  return (
    <Section title="Tasks">
      {!load && (
        <Bar tone="warn" role="status">
          What is on it is not known: {blind}
        </Bar>
      )}
      {load && load.tasks.length === 0 && (
        <Empty title="Nothing runs here">Tasks that Swarm gives to this node appear here.</Empty>
      )}
      {load && load.tasks.length > 0 && (
        <Table label="Tasks" head={HEAD}>
          {load.tasks.map((task) => (
            <Row key={task.id} task={task} />
          ))}
        </Table>
      )}
    </Section>
  );
}

function Row({ task }: { task: NodeTask }) {
  const name = `${task.service}${task.slot === null ? '' : `.${task.slot}`}`;
  return (
    <tr className="align-top">
      <Td className="max-w-0 min-w-32">
        <span className="block truncate font-medium" title={name}>
          {name}
        </span>
        <span className="block truncate text-meta text-text-2">
          {task.stack === null ? (
            'Not Berth’s'
          ) : (
            <Link
              to="/stacks/$stack"
              params={{ stack: task.stack }}
              className="hover:underline"
              aria-label={`Stack ${task.stack}`}
            >
              {task.stack}
            </Link>
          )}
        </span>
      </Td>
      <Td>
        <Status {...TASKS[task.state]} />
        <span className="block text-meta text-text-2">
          <For since={task.since} />
        </span>
      </Td>
      <Td hide="lg" className="max-w-64">
        <code
          className="block truncate font-mono text-meta leading-5 text-text-2"
          title={task.image}
        >
          {shortImage(task.image)}
        </code>
      </Td>
      <Td hide="sm">
        {FATES[task.fate].one}
        {task.why && (
          <span className="block max-w-110 text-meta text-text-2">{asSentence(task.why)}</span>
        )}
      </Td>
    </tr>
  );
}
