import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';

import { useDenied } from '~/api/access';
import { Failure, Loaded } from '~/api/loaded';
import { rollBack } from '~/api/mutations';
import { stackQuery } from '~/api/queries';
import type { Difference, Stack } from '~/api/schema.gen';
import { usePress } from '~/lib/press';
import { asSentence, count } from '~/lib/text';
import { Bar } from '~/ui/bar';
import { Button } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { Page, Section } from '~/ui/page';
import { Said } from '~/ui/said';
import { Table, Td, Th } from '~/ui/table';
import { Ago, For } from '~/ui/time';

import { byObject } from './by-object';
import { Sentences } from './differs';
import { toStacks } from './to-stacks';
import { needsPerson, whatNext } from './what-next';

/** What runs against what was asked for: sentences first, then side by side. */
export function DiffPage({ name }: { name: string }) {
  const query = useQuery(stackQuery(name));
  return (
    <Page>
      <Loaded query={query} what={`the stack ${name}`} back={toStacks}>
        {(stack) => <Diff stack={stack} />}
      </Loaded>
    </Page>
  );
}

export function Diff({ stack }: { stack: Stack }) {
  const { differences, observed_at, state, wanted } = stack;
  if (wanted === 'absent') {
    return (
      <Empty title="Nothing to compare">
        This stack is being removed: nothing of it is to be there.
      </Empty>
    );
  }
  if (!observed_at) {
    return (
      <Empty title="Nothing to compare yet">
        The first check of this stack looks at what is on the Swarm.
      </Empty>
    );
  }
  if (differences.length === 0) {
    return (
      <Empty title="Nothing differs">
        The Swarm is what was asked for. Checked <Ago at={observed_at} />.
      </Empty>
    );
  }
  return (
    <>
      <div className="mb-6">
        <Bar tone={stack.deploying ? 'run' : 'warn'}>
          <p className="font-semibold">
            {stack.deploying ? 'Pending' : 'Drifted'}
            {state && !state.synced.value && (
              <>
                {' '}
                <For since={state.synced.since} />
              </>
            )}
            {`: ${count(differences.length, 'difference')}`}
          </p>
          {stack.message && (
            <p className="break-words">
              <Said text={asSentence(stack.message)} />
            </p>
          )}
          <p className="text-text-2">{whatNext(stack)}</p>
          {needsPerson(stack) && <PutBack stack={stack} number={stack.latest_deployment.number} />}
        </Bar>
      </div>
      <Section
        title="What differs"
        aside={
          <span className="text-meta text-text-2">
            Checked <Ago at={observed_at} />
          </span>
        }
      >
        <Sentences differences={differences} />
      </Section>
      {byObject(differences).map(({ kind, name, all }) => (
        <Section key={`${kind} ${name}`} title={`${asSentence(kind)} ${name}`}>
          <SideBySide label={`${asSentence(kind)} ${name}`} differences={all} />
        </Section>
      ))}
    </>
  );
}

/** Deploys what was deployed last once more: nothing is fetched or built for that. */
function PutBack({ stack, number }: { stack: Stack; number: number }) {
  const navigate = useNavigate();
  const denied = useDenied('operator');
  const { busy, error, press } = usePress();
  const putBack = () =>
    press(async () => {
      const made = await rollBack(stack.name, number);
      await navigate({
        to: '/stacks/$stack/deployments/$number',
        params: { stack: stack.name, number: String(made.number) },
      });
    });
  return (
    <>
      <div className="mt-2">
        <Button size="small" busy={busy} disabledReason={denied} onClick={putBack}>
          Deploy #{number} again
        </Button>
      </div>
      {Boolean(error) && (
        <div className="mt-2">
          <Failure error={error} title="That did not work" />
        </div>
      )}
    </>
  );
}

const HEAD = (
  <>
    <Th className="w-2/5 sm:w-1/4">Field</Th>
    <Th>Asked for</Th>
    <Th>Live</Th>
  </>
);

function SideBySide({ label, differences }: { label: string; differences: readonly Difference[] }) {
  const hides = differences.some(({ desired, live }) => desired === HIDDEN || live === HIDDEN);
  return (
    <>
      <Table label={label} head={HEAD} fixed>
        {differences.map(({ field, desired, live }) => (
          <tr key={field}>
            <Td>
              {field ? (
                <span className="font-mono text-meta break-all">{field}</span>
              ) : (
                <span className="text-meta text-text-2">Everything</span>
              )}
            </Td>
            <Td>
              <Value text={desired} whole={!field} none="Not asked for" />
            </Td>
            <Td>
              <Value text={live} whole={!field} none="Missing" />
            </Td>
          </tr>
        ))}
      </Table>
      {hides && (
        <p className="mt-1.5 text-meta text-text-2">Values that may be secret are hidden.</p>
      )}
    </>
  );
}

/** What the server writes for a value that may be a secret. */
const HIDDEN = '•••';

function Value({ text, whole, none }: { text: string | null; whole: boolean; none: string }) {
  if (text === null) return <span className="text-meta text-text-2">{none}</span>;
  // Of a whole object there is no value, only that it is there.
  if (whole && text === 'there') return <span className="text-meta text-text-2">Present</span>;
  if (text === HIDDEN) {
    return (
      <span className="text-meta text-text-2">
        <span aria-hidden>•••</span> hidden
      </span>
    );
  }
  return <code className="font-mono text-meta break-all">{text}</code>;
}
