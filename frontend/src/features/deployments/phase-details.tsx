import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { DeploymentAct, DeploymentPhase, DeploymentStory } from '~/api/schema.gen';
import { bareUrl, count, mainFirst, shortImage, shortRef, shortSha } from '~/lib/text';
import { clock, full } from '~/lib/time';
import { Outside } from '~/ui/outside';
import { Said } from '~/ui/said';

import { actWords } from './acts';
import { PLAN_ID } from './plan-section';
import { Why } from './why';
import { isOver } from './words';

/**
 * What happened in one phase: what people and Berth did, what it worked on, and where its log is.
 * How it stands and what it says of itself is in its row already.
 */

const LINK = 'text-accent underline underline-offset-2';

export function PhaseDetails({
  deployment,
  phase,
  acts,
  log,
}: {
  deployment: DeploymentStory;
  phase: DeploymentPhase;
  acts: readonly DeploymentAct[];
  /** Where its lines in the deployment's log are; that belongs to another feature. */
  log: ReactNode;
}) {
  return (
    <div className="space-y-1.5 text-ui">
      <Subject deployment={deployment} phase={phase} />
      {acts.length > 0 && (
        <ul aria-label="What was done" className="space-y-1">
          {acts.map((act) => (
            <ActLine key={`${act.at} ${act.kind}`} act={act} />
          ))}
        </ul>
      )}
      {log}
      <Times phase={phase} over={isOver(deployment)} />
    </div>
  );
}

/** What the phase is about, as far as it can be followed further. */
function Subject({ deployment, phase }: { deployment: DeploymentStory; phase: DeploymentPhase }) {
  const { commit, compare, images, number, plan, stack, urls } = deployment;
  if (!phase.started_at) return null;
  switch (phase.phase) {
    case 'received':
      return <Why deployment={deployment} />;
    case 'fetched':
      return (
        <p className="flex flex-wrap gap-x-3 gap-y-1">
          <Outside href={deployment.commit_url}>
            Commit <code className="font-mono text-meta">{shortSha(commit.sha)}</code> of{' '}
            {shortRef(deployment.git_ref)}
          </Outside>
          {compare && <Outside href={compare.url}>Changes since #{compare.number}</Outside>}
        </p>
      );
    case 'built':
      return images.length > 0 ? (
        <ul aria-label="Images" className="space-y-0.5">
          {images.map((image) => (
            <li key={image} title={image} className="truncate font-mono text-meta text-text-2">
              {shortImage(image)}
            </li>
          ))}
        </ul>
      ) : null;
    case 'applied':
      return plan && plan.length > 0 ? (
        <p>
          <Link
            to="/stacks/$stack/deployments/$number"
            params={{ stack, number: String(number) }}
            search
            hash={PLAN_ID}
            className={LINK}
          >
            Its plan, {count(plan.length, 'line')}
          </Link>
        </p>
      ) : null;
    case 'converged':
      return (
        <p>
          <Link
            to="/stacks/$stack/logs"
            params={{ stack }}
            search={{ since: phase.started_at, until: phase.ended_at ?? undefined }}
            className={LINK}
          >
            {phase.ended_at ? 'What the services wrote meanwhile' : 'What the services write'}
          </Link>
        </p>
      );
    case 'routed':
      return urls.length > 0 ? (
        <ul aria-label="Addresses">
          {mainFirst(urls).map((url) => (
            <li key={url} className="flex min-h-6 min-w-0 items-center">
              <Outside href={url}>{bareUrl(url)}</Outside>
            </li>
          ))}
        </ul>
      ) : null;
    default:
      return null;
  }
}

function ActLine({ act }: { act: DeploymentAct }) {
  const { what, more } = actWords(act);
  return (
    <li>
      <span className="mr-2 text-meta text-text-3 tabular-nums" title={full(act.at)}>
        {clock(act.at)}
      </span>
      {what}
      {more && (
        <span className="block text-meta break-words text-text-2">
          <Said text={more} />
        </span>
      )}
    </li>
  );
}

/** When it began and ended, to the second. */
function Times({ phase, over }: { phase: DeploymentPhase; over: boolean }) {
  const { ended_at, started_at } = phase;
  if (!started_at) return null;
  return (
    <p className="text-meta text-text-2 tabular-nums">
      <time dateTime={started_at} title={full(started_at)}>
        Began {clock(started_at)}
      </time>
      {ended_at ? (
        <time dateTime={ended_at} title={full(ended_at)}>
          , ended {clock(ended_at)}
        </time>
      ) : (
        over || ', goes on'
      )}
    </p>
  );
}
