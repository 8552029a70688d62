import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode } from 'react';

import { Loaded } from '~/api/loaded';
import { deploymentQuery } from '~/api/queries';
import type { Deployment, DeploymentPhase, DeploymentStory, Verdict } from '~/api/schema.gen';
import { bareUrl, firstLine, mainFirst, shortImage, shortRef, shortSha } from '~/lib/text';
import { duration, full, short } from '~/lib/time';
import { useTitle } from '~/lib/title';
import { useTrouble } from '~/lib/trouble';
import { buttonClass } from '~/ui/button';
import { CopyButton } from '~/ui/copy';
import { Fact, FactPanel } from '~/ui/fact';
import { Outside } from '~/ui/outside';
import { Page, Section } from '~/ui/page';
import { Said } from '~/ui/said';
import { Status } from '~/ui/status';
import { Ago, Took } from '~/ui/time';

import { Control } from './control';
import { Phases } from './phases';
import { Plan } from './plan-section';
import { RuleLink, Why } from './why';
import { isOver, statusOf, TRIGGER_WORDS, waitsFor } from './words';

/** A deployment: what became of it phase by phase, what it is, and what it does to the cluster. */
export function DeploymentPage({
  stack,
  number,
  log,
  phaseLog,
}: {
  stack: string;
  number: number;
  /** The rest of the page, and the build log below it; that belongs to another feature. */
  log: (deployment: Deployment, live: boolean, page: ReactNode) => ReactNode;
  /** Where in that log a phase's lines are. */
  phaseLog: (deployment: Deployment, phase: DeploymentPhase) => ReactNode;
}) {
  const query = useQuery(deploymentQuery(stack, number));
  const failed = query.data?.phase === 'failed';
  useTitle(`${failed ? '● Failed · ' : ''}#${number} · ${stack}`);
  useTrouble(failed);
  return (
    <Page>
      <Loaded
        query={query}
        what={`deployment #${number}`}
        back={
          <Link to="/stacks/$stack/deployments" params={{ stack }} className={buttonClass()}>
            To the deployments
          </Link>
        }
      >
        {(deployment) =>
          log(
            deployment,
            !isOver(deployment),
            <>
              <Head deployment={deployment} />
              <div className="grid gap-x-6 lg:grid-cols-[minmax(0,1fr)_300px]">
                <Section title="Phases">
                  <Phases
                    key={deployment.id}
                    deployment={deployment}
                    log={(phase) => phaseLog(deployment, phase)}
                  />
                </Section>
                <Section title="Facts">
                  <Facts deployment={deployment} />
                </Section>
              </div>
              <Plan key={deployment.id} deployment={deployment} />
            </>,
          )
        }
      </Loaded>
    </Page>
  );
}

function Head({ deployment }: { deployment: DeploymentStory }) {
  const { commit, number } = deployment;
  return (
    <div className="mb-6 flex flex-wrap items-start gap-x-6 gap-y-3">
      {/* Where the buttons do not fit beside all of it, they come below. */}
      <div className="min-w-0 flex-1 basis-80">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h2 className="min-w-0 text-panel font-semibold">
            <span className="tabular-nums">#{number}</span>{' '}
            <span className="break-words">{firstLine(commit.message)}</span>
          </h2>
          <Status {...statusOf(deployment)} />
        </div>
        <Why deployment={deployment} />
        {deployment.waiting && (
          <p className="mt-1 text-ui break-words text-warn">
            <Said text={waitsFor(deployment)} />
          </p>
        )}
      </div>
      <Control deployment={deployment} />
    </div>
  );
}

function Facts({ deployment }: { deployment: DeploymentStory }) {
  const { commit, compare, usual } = deployment;
  return (
    <FactPanel>
      <Fact name="Commit">
        <span className="-my-0.5 flex items-center gap-1">
          <Outside href={deployment.commit_url}>
            <code className="font-mono text-meta">{shortSha(commit.sha)}</code>
          </Outside>
          <CopyButton text={commit.sha} label="Copy the full SHA" />
        </span>
      </Fact>
      {compare && (
        <Fact name="Changes">
          <Outside href={compare.url}>since #{compare.number}</Outside>
        </Fact>
      )}
      {commit.author && <Fact name="Author">{commit.author}</Fact>}
      {deployment.git_ref && (
        <Fact name="Ref">
          <code className="font-mono text-meta break-all">{shortRef(deployment.git_ref)}</code>
        </Fact>
      )}
      <Fact name="Trigger">
        {deployment.delivery_id ? (
          <Link
            to="/events"
            search={{ id: deployment.delivery_id }}
            className="text-accent hover:underline"
          >
            {TRIGGER_WORDS[deployment.trigger]}
          </Link>
        ) : (
          TRIGGER_WORDS[deployment.trigger]
        )}
      </Fact>
      {deployment.approved && <Fact name="Approved">{deployment.approved.by}</Fact>}
      {deployment.rejected && <Decided name="Rejected" verdict={deployment.rejected} />}
      {deployment.frozen && (
        <Fact name="Frozen">
          until {short(deployment.frozen.until)}
          <p className="text-meta break-words text-text-2">{deployment.frozen.reason}</p>
        </Fact>
      )}
      {deployment.freeze_override && (
        <Decided name="Override" verdict={deployment.freeze_override} />
      )}
      {deployment.rule_name && (
        <Fact name="Rule">
          <RuleLink deployment={deployment} label={deployment.rule_name} />
        </Fact>
      )}
      <Fact name="Began">
        <span title={full(deployment.created_at)}>
          <Ago at={deployment.created_at} />
        </span>
      </Fact>
      <Fact name={isOver(deployment) ? 'Took' : 'So far'}>
        <span className="tabular-nums">
          {deployment.finished_at ? (
            duration(deployment.duration_ms)
          ) : (
            <Took start={deployment.created_at} end={null} />
          )}
          {usual && (
            <span
              className="text-text-2"
              title={`The median of the last ${usual.of} that succeeded before it`}
            >
              , median {duration(usual.duration_ms)}
            </span>
          )}
        </span>
      </Fact>
      {deployment.urls.length > 0 && (
        <Fact name="Address">
          {mainFirst(deployment.urls).map((url) => (
            <div key={url} className="flex min-h-6 min-w-0 items-center">
              <Outside href={url}>{bareUrl(url)}</Outside>
            </div>
          ))}
        </Fact>
      )}
      {deployment.images.length > 0 && (
        <Fact name="Images">
          {deployment.images.map((image) => (
            <code
              key={image}
              title={image}
              className="block truncate font-mono text-meta leading-5 text-text-2"
            >
              {shortImage(image)}
            </code>
          ))}
        </Fact>
      )}
    </FactPanel>
  );
}

/** Who decided, with the person's own reason. */
function Decided({ name, verdict }: { name: string; verdict: Verdict }) {
  return (
    <Fact name={name}>
      <span title={full(verdict.at)}>{verdict.by}</span>
      <p className="text-meta break-words text-text-2">{verdict.reason}</p>
    </Fact>
  );
}
