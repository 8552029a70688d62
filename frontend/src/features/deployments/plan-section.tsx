import { useState } from 'react';

import type { DeploymentStory, PlanLine } from '~/api/schema.gen';
import { count } from '~/lib/text';
import { Button } from '~/ui/button';
import { Panel, Section } from '~/ui/page';
import { PlanLines } from '~/ui/plan-lines';
import type { Look } from '~/ui/status';

import { isOver } from './words';

/** As many lines as are read at a glance; the rest is one press away. */
const SHORT = 12;

/** Where it stands on the page, for the phase that carries it out. */
export const PLAN_ID = 'plan';

const AFTER = 'Once it has succeeded';

/** What the deployment does to the cluster, a line an action, written down before it is done. */
export function Plan({ deployment }: { deployment: DeploymentStory }) {
  const { plan } = deployment;
  const [whole, setWhole] = useState(false);
  const now = plan?.filter(({ state }) => state !== 'after') ?? [];
  const after = plan?.filter(({ state }) => state === 'after') ?? [];
  const shown = whole || now.length <= SHORT + 3 ? now : now.slice(0, SHORT);
  const hidden = now.length - shown.length;
  return (
    <div id={PLAN_ID} className="scroll-mt-4">
      <Section title="Plan" aside={plan && now.length > 0 && <Sum lines={now} />}>
        <Panel>
          {now.length === 0 ? (
            <p className="px-3 py-2.5 text-ui text-text-2">{nothing(deployment)}</p>
          ) : (
            <Lines label="Plan" lines={shown} over={isOver(deployment)} />
          )}
          {hidden > 0 && (
            <div className="border-t border-line px-1.5 py-1">
              <Button kind="quiet" size="small" onClick={() => setWhole(true)}>
                Show {hidden} more
              </Button>
            </div>
          )}
          {after.length > 0 && (
            <div className="border-t border-line">
              <h3 className="px-3 pt-2 text-meta text-text-2">{AFTER}</h3>
              <Lines label={AFTER} lines={after} over={isOver(deployment)} />
            </div>
          )}
        </Panel>
      </Section>
    </div>
  );
}

function nothing(deployment: DeploymentStory): string {
  if (deployment.plan) return 'Nothing to change: what runs is what the release says.';
  return isOver(deployment)
    ? 'It was never planned: nothing was changed on the Swarm.'
    : 'Not planned yet. What will be changed is known once the release is rendered, and stands here before it is done.';
}

function Sum({ lines }: { lines: readonly PlanLine[] }) {
  const done = lines.filter(({ state }) => state === 'done').length;
  return (
    <span className="text-meta text-text-2 tabular-nums">
      {done === lines.length
        ? `${count(done, 'line')}, all done`
        : `${done} of ${lines.length} done`}
    </span>
  );
}

const LOOKS = { open: 'pending', done: 'done', after: 'pending' } as const satisfies Record<
  PlanLine['state'],
  Look
>;

const WORDS = { open: 'to do', done: 'done', after: 'afterwards' } satisfies Record<
  PlanLine['state'],
  string
>;

function Lines({
  label,
  lines,
  over,
}: {
  label: string;
  lines: readonly PlanLine[];
  over: boolean;
}) {
  return (
    <PlanLines
      label={label}
      lines={lines.map(({ text, state }) =>
        over && state === 'open'
          ? { text, look: 'stopped', word: 'not done' }
          : { text, look: LOOKS[state], word: WORDS[state] },
      )}
    />
  );
}
