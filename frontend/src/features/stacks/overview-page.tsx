import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { Loaded } from '~/api/loaded';
import { stackQuery } from '~/api/queries';
import type { Stack } from '~/api/schema.gen';
import { count } from '~/lib/text';
import { Bar } from '~/ui/bar';
import { Empty } from '~/ui/empty';
import { Page, Section } from '~/ui/page';
import { Said } from '~/ui/said';
import { Ago } from '~/ui/time';

import { ServicesTable } from './services-table';
import { StackMap } from './stack-map';

/** `deployments` is the strip of the last few; it belongs to another feature. */
export function OverviewPage({ name, deployments }: { name: string; deployments: ReactNode }) {
  const query = useQuery(stackQuery(name));
  return (
    <Page>
      <Loaded query={query} what={`the stack ${name}`}>
        {(stack) => (
          <>
            <Notices stack={stack} />
            {stack.services.length > 0 && (
              <>
                {/* The table says the same; on a narrow screen the map would only scroll. */}
                <div className="max-sm:hidden">
                  <Section title="Topology">
                    <StackMap stack={stack} />
                  </Section>
                </div>
                <Section
                  title="Services"
                  aside={
                    stack.observed_at && (
                      <span className="text-meta text-text-2">
                        Last pass <Ago at={stack.observed_at} />
                      </span>
                    )
                  }
                >
                  <ServicesTable services={stack.services} />
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

function Notices({ stack }: { stack: Stack }) {
  const drifted = !stack.deploying && !stack.synced && stack.plan.length > 0;
  if (!stack.attention && !stack.message && !drifted && stack.wanted === 'present') return null;
  return (
    <div className="mb-6 space-y-2">
      {stack.wanted === 'absent' && (
        <Bar tone="run" role="status">
          <strong className="font-semibold">Being removed.</strong> This page stays until Docker has
          confirmed that every service, network and volume is gone.
        </Bar>
      )}
      {stack.attention && (
        <Bar tone="warn">
          <Said text={stack.attention} />
        </Bar>
      )}
      {stack.message && stack.message !== stack.attention && (
        <Bar tone="warn">
          <Said text={stack.message} />
        </Bar>
      )}
      {drifted && (
        <Bar tone="warn">
          <p className="font-semibold">
            {count(stack.plan.length, 'difference')} from what was asked for
          </p>
          <ul className="mt-1 list-disc pl-5">
            {stack.plan.map((line) => (
              <li key={line}>
                <Said text={line} />
              </li>
            ))}
          </ul>
          <p className="mt-1 text-text-2">The next pass puts this right.</p>
        </Bar>
      )}
    </div>
  );
}
