/**
 * What runs of a stack, and is it well: the two answers, the map, the services, the last
 * deployments, and a service's panel beside them.
 */
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { Loaded } from '~/api/loaded';
import { stackQuery } from '~/api/queries';
import type { Stack } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { asSentence, count } from '~/lib/text';
import { Bar } from '~/ui/bar';
import { Empty } from '~/ui/empty';
import { Page, Section } from '~/ui/page';
import { Said } from '~/ui/said';
import { Status, Sync } from '~/ui/status';
import { Ago, For } from '~/ui/time';

import { ServicePanel } from './service-panel';
import { ServicesTable } from './services-table';
import { StackMap } from './stack-map';
import { toStacks } from './to-stacks';
import { usePanel } from './use-panel';
import { whatNext } from './what-next';

type Props = {
  name: string;
  /** The strip of the last few; it belongs to another feature. */
  deployments: ReactNode;
  /** The service whose panel is open. */
  service: string | undefined;
  onService: (service: string | undefined) => void;
};

export function OverviewPage({ name, deployments, service, onService }: Props) {
  const query = useQuery(stackQuery(name));
  const panel = usePanel(service, onService);
  const open = service !== undefined && query.data !== undefined;
  return (
    <div className={cn(open && 'lg:flex lg:min-h-[calc(100dvh-112px)]')}>
      {/* A narrow screen has room for one of the two. */}
      <div className={cn(open && 'min-w-0 flex-1 max-lg:hidden')}>
        <Overview query={query} name={name} deployments={deployments} open={service} {...panel} />
      </div>
      {open && (
        <ServicePanel
          key={service}
          stack={query.data}
          name={service}
          takeFocus={panel.takeFocus}
          onClose={panel.close}
        />
      )}
    </div>
  );
}

function Overview({
  query,
  name,
  deployments,
  open,
  press,
  follow,
}: Pick<Props, 'name' | 'deployments'> &
  Pick<ReturnType<typeof usePanel>, 'press' | 'follow'> & {
    query: UseQueryResult<Stack>;
    open: string | undefined;
  }) {
  return (
    <Page>
      <Loaded query={query} what={`the stack ${name}`} back={toStacks}>
        {(stack) => (
          <>
            <Notices stack={stack} />
            <Answers stack={stack} />
            {stack.services.length > 0 && (
              <>
                {/* The table says the same; on a narrow screen the map would only scroll. */}
                <div className="max-sm:hidden">
                  <Section title="Topology">
                    <StackMap stack={stack} open={open} onPress={press} />
                  </Section>
                </div>
                <Section
                  title="Services"
                  aside={
                    stack.observed_at && (
                      <span className="text-meta text-text-2">
                        Checked <Ago at={stack.observed_at} />
                      </span>
                    )
                  }
                >
                  <ServicesTable
                    stack={stack.name}
                    services={stack.services}
                    open={open}
                    onFollow={follow}
                  />
                </Section>
              </>
            )}
            {stack.services.length === 0 && (
              <Section title="Services">
                <Empty title="Nothing runs yet">
                  {stack.deploying
                    ? 'The first deployment is on its way; its phases are below.'
                    : 'The services appear here with the first deployment that reaches the Swarm.'}
                </Empty>
              </Section>
            )}
            {deployments}
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** How many differences stand on the overview; the rest is on the page of its own. */
const FEW = 4;

/** The two answers: is it what was asked for, and is it well; why, and since when. */
function Answers({ stack: { state, wanted, deploying } }: { stack: Stack }) {
  if (!state || wanted === 'absent') return null;
  const { synced, healthy } = state;
  const answers = [
    {
      name: 'Health',
      says: <Status look={healthy.value} />,
      why: healthy.reason,
      since: healthy.since,
    },
    {
      name: 'Sync',
      says: <Sync synced={synced.value} deploying={deploying} />,
      // What differs stands above already.
      why: synced.value ? synced.reason : '',
      since: synced.since,
    },
  ];
  return (
    <dl className="mb-6 grid divide-line rounded-panel border border-line bg-surface max-sm:divide-y sm:grid-cols-2 sm:divide-x">
      {answers.map(({ name, says, why, since }) => (
        <div key={name} className="min-w-0 px-3 py-2">
          <dt className="sr-only">{name}</dt>
          <dd>
            <span className="flex min-h-6 flex-wrap items-center gap-x-2">
              {says}
              <span className="text-meta text-text-2">
                <For since={since} />
              </span>
            </span>
            {why && (
              <p className="text-meta break-words text-text-2">
                <Said text={asSentence(why)} />
              </p>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Notices({ stack }: { stack: Stack }) {
  const drifted = !stack.deploying && !stack.synced && stack.differences.length > 0;
  if (!stack.attention && !stack.message && !drifted && stack.wanted === 'present') return null;
  return (
    <div className="mb-6 space-y-2">
      {stack.wanted === 'absent' && (
        <Bar tone="run" role="status">
          <strong className="font-semibold">Being removed.</strong> This page stays until Docker has
          confirmed that every service and network is gone.
        </Bar>
      )}
      {stack.attention && (
        <Bar tone="warn">
          <Said text={asSentence(stack.attention)} />
        </Bar>
      )}
      {stack.message && stack.message !== stack.attention && (
        <Bar tone="warn">
          <Said text={asSentence(stack.message)} />
        </Bar>
      )}
      {drifted && (
        <Bar tone="warn">
          <p className="font-semibold">
            {count(stack.differences.length, 'difference')} from what was asked for
          </p>
          <ul className="mt-1 list-disc pl-5 break-words">
            {stack.differences.slice(0, FEW).map(({ kind, name, field, sentence }) => (
              <li key={`${kind} ${name} ${field}`}>
                <Said text={asSentence(sentence)} />
              </li>
            ))}
          </ul>
          <p className="mt-1 text-text-2">
            {whatNext(stack)}{' '}
            <Link
              to="/stacks/$stack/diff"
              params={{ stack: stack.name }}
              className="text-accent underline underline-offset-2"
            >
              {stack.differences.length > FEW ? 'See all of them' : 'See each side by side'}
            </Link>
          </p>
        </Bar>
      )}
    </div>
  );
}
