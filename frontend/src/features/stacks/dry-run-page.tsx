import { useQuery, useQueryClient } from '@tanstack/react-query';
import { LoaderCircle } from 'lucide-react';

import { useDenied } from '~/api/access';
import { Failure, Loaded } from '~/api/loaded';
import { startDryRun } from '~/api/mutations';
import { dryRunQuery, stackQuery } from '~/api/queries';
import type { DryRun, DryRunAnswer, DryRunFailure, Phase, Stack } from '~/api/schema.gen';
import { usePress } from '~/lib/press';
import { asSentence, count, shortRef } from '~/lib/text';
import { useTitle } from '~/lib/title';
import { Bar } from '~/ui/bar';
import { Button } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { Fact, FactPanel } from '~/ui/fact';
import { Page, Panel, Section } from '~/ui/page';
import { PlanLines } from '~/ui/plan-lines';
import { Said } from '~/ui/said';
import { CommitLine } from '~/ui/sha';
import { Ago } from '~/ui/time';

import { Sentences } from './differs';
import { deployWord } from './look';
import { toStacks } from './to-stacks';
import { YamlDiff } from './yaml-diff';

/** What a deployment would do now: sentences first, then the plan, then YAML side by side. */
export function DryRunPage({ name }: { name: string }) {
  const query = useQuery(dryRunQuery(name));
  const { data: stack } = useQuery(stackQuery(name));
  useTitle(`Dry run · ${name}`);
  return (
    <Page>
      <Loaded query={query} what={`the stack ${name}`} back={toStacks}>
        {(run) => <DryRunView name={name} run={run} stack={stack} />}
      </Loaded>
    </Page>
  );
}

type Of = Pick<Stack, 'deploying' | 'latest_deployment' | 'wanted'>;

export function DryRunView({
  name,
  run: { asked, answer },
  stack,
}: {
  name: string;
  run: DryRun;
  stack: Of | undefined;
}) {
  const start = useStart(name);
  // Only what was deployed before can be rehearsed.
  const word = stack ? deployWord(stack) : 'Redeploy';
  const again = (
    <Button
      busy={start.busy}
      disabledReason={whyNot(useDenied('operator'), stack)}
      onClick={start.now}
    >
      {asked ? 'Run again' : 'Dry run'}
    </Button>
  );
  if (stack?.wanted === 'absent') {
    return <Empty title="Nothing to deploy">This stack is being removed.</Empty>;
  }
  if (!asked) {
    return (
      <>
        <Empty title="No dry run yet" action={again}>
          It finds out what {word} would do now, and changes nothing.
        </Empty>
        <Failure error={start.error} title="That did not work" />
      </>
    );
  }
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-40">
          <h2 className="text-panel font-semibold">Dry run</h2>
          <p className="text-ui text-text-2">
            What {word} would do. Nothing was changed. Asked for by {asked.by},{' '}
            <Ago at={asked.at} />.
          </p>
        </div>
        {answer && again}
      </div>
      <Failure error={start.error} title="That did not work" />
      {answer ? <Answer answer={answer} stack={stack} word={word} /> : <Waiting />}
    </>
  );
}

function useStart(name: string) {
  const client = useQueryClient();
  const { busy, error, press } = usePress();
  const now = () =>
    press(async () => {
      client.setQueryData(dryRunQuery(name).queryKey, await startDryRun(name));
    });
  return { busy, error, now };
}

function whyNot(denied: string | undefined, stack: Of | undefined): string | undefined {
  if (denied) return denied;
  return stack && !stack.latest_deployment ? 'Nothing was ever deployed here.' : undefined;
}

function Waiting() {
  return (
    <Bar tone="run" role="status">
      <p className="flex items-center gap-2 font-medium">
        <LoaderCircle size={15} className="animate-turn text-run" aria-hidden />
        Finding out what a deployment would do…
      </p>
      <p className="text-text-2">
        Berth reads the commit, looks for its images and compares it with the Swarm.
      </p>
    </Bar>
  );
}

function Answer({
  answer,
  stack,
  word,
}: {
  answer: DryRunAnswer;
  stack: Of | undefined;
  word: string;
}) {
  const { differences, failure, holds, notes, plan, texts } = answer;
  const newest = stack?.latest_deployment?.number ?? 0;
  const old = newest >= answer.number;
  const hides = texts.some(({ live, desired }) => `${live}${desired}`.includes('•••'));
  return (
    <>
      <div className="mb-6 space-y-2">
        {old && (
          <Bar tone="warn">
            Deployment #{newest} came after this dry run, which may no longer be true.
          </Bar>
        )}
        <Verdict answer={answer} word={word} />
        {failure && <Why failure={failure} word={word} />}
        {holds.length > 0 && (
          <Bar tone="warn">
            <p className="font-medium">It would wait before anything is applied</p>
            {holds.map((it) => (
              <p key={it}>
                <Said text={sentence(it)} />
              </p>
            ))}
          </Bar>
        )}
      </div>
      <Section title="What it would deploy">
        <FactPanel>
          <Fact name="Commit">
            <CommitLine {...answer.commit} />
          </Fact>
          {answer.git_ref && (
            <Fact name="Ref">
              <code className="font-mono text-meta break-all">{shortRef(answer.git_ref)}</code>
            </Fact>
          )}
          <Fact name="File">
            <code className="font-mono text-meta break-all">{answer.compose_file}</code>
          </Fact>
        </FactPanel>
      </Section>
      {differences.length > 0 && (
        <Section title={failure ? 'What it would do otherwise' : 'What it would do'}>
          <Sentences differences={differences} />
        </Section>
      )}
      {plan.length > 0 && (
        <Section
          title="Plan"
          aside={<span className="text-meta text-text-2">{count(plan.length, 'line')}</span>}
        >
          <Panel>
            <PlanLines label="Plan" lines={plan.map((text) => ({ text }))} />
          </Panel>
        </Section>
      )}
      {notes.length > 0 && (
        <Section title="Good to know">
          <ul className="list-disc space-y-1 pl-5 text-ui break-words">
            {notes.map((it) => (
              <li key={it}>
                <Said text={asSentence(it)} />
              </li>
            ))}
          </ul>
        </Section>
      )}
      {texts.map(({ kind, name, live, desired }) => (
        <Section
          key={`${kind} ${name}`}
          title={`${asSentence(kind)} ${name}`}
          aside={<span className="text-meta text-text-2">{fate(live, desired)}</span>}
        >
          <YamlDiff label={`${asSentence(kind)} ${name}`} live={live} desired={desired} />
        </Section>
      ))}
      {hides && <p className="text-meta text-text-2">Values that may be secret are hidden.</p>}
    </>
  );
}

function Verdict({
  answer: { answered_at, differences, failure, number },
  word,
}: {
  answer: DryRunAnswer;
  word: string;
}) {
  const many = differences.length;
  if (failure) return null;
  return (
    <Bar tone="run">
      <p className="font-semibold">
        {word} would {many === 0 ? 'change nothing' : `make ${count(many, 'change')}`}
      </p>
      <p className="text-text-2">
        {many === 0
          ? `The Swarm is what deployment #${number} would make it.`
          : `As deployment #${number}.`}{' '}
        Checked <Ago at={answered_at} />.
      </p>
    </Bar>
  );
}

function Why({ failure: { phase, reason }, word }: { failure: DryRunFailure; word: string }) {
  const { place } = reason;
  // A complaint may name its place itself.
  const where = place && `${place.file}:${place.line}:${place.column}`;
  return (
    <Bar tone="bad">
      <p className="font-semibold text-bad">
        {word} would fail: {NOT_REACHED[phase]}
      </p>
      <p className="break-words whitespace-pre-wrap">
        <Said text={asSentence(reason.text)} />
      </p>
      {where && !reason.text.includes(where) && (
        <code className="font-mono text-meta">{where}</code>
      )}
    </Bar>
  );
}

/** What does not come about where a phase is not reached. */
const NOT_REACHED = {
  received: 'it would not begin',
  fetched: 'the commit can’t be fetched',
  built: 'an image can’t be built',
  rendered: 'the compose file can’t become a release',
  applied: 'the Swarm can’t run it',
  converged: 'it would not become healthy',
  routed: 'its routes would not answer',
  succeeded: 'it would not end well',
  failed: 'it would fail',
  superseded: 'another would take its place',
  cancelled: 'it would be stopped',
} satisfies Record<Phase, string>;

const fate = (live: string | null, desired: string | null) => {
  if (live === null) return 'New';
  return desired === null ? 'Removed' : 'Changed';
};

/** A clause of the server's as a whole sentence. */
const sentence = (text: string) => `${asSentence(text)}.`;
