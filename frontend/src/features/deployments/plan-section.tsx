import { useState } from 'react';

import type { DeploymentStory, PlanLine } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { count } from '~/lib/text';
import { Button } from '~/ui/button';
import { Panel, Section } from '~/ui/page';
import { StatusIcon, type Look } from '~/ui/status';

import { isOver } from './words';

/** As many lines as are read at a glance; the rest is one press away. */
const SHORT = 12;

/** What the deployment does to the cluster, a line an action, written down before it is done. */
export function Plan({ deployment }: { deployment: DeploymentStory }) {
  const { plan } = deployment;
  const [whole, setWhole] = useState(false);
  const now = plan?.filter(({ state }) => state !== 'after') ?? [];
  const after = plan?.filter(({ state }) => state === 'after') ?? [];
  const shown = whole || now.length <= SHORT + 3 ? now : now.slice(0, SHORT);
  const hidden = now.length - shown.length;
  return (
    <Section title="Plan" aside={plan && now.length > 0 && <Sum lines={now} />}>
      <Panel>
        {now.length === 0 ? (
          <p className="px-3 py-2.5 text-ui text-text-2">{nothing(deployment)}</p>
        ) : (
          <Lines lines={shown} over={isOver(deployment)} />
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
            <h3 className="px-3 pt-2 text-meta text-text-2">Once it has succeeded</h3>
            <Lines lines={after} over={isOver(deployment)} />
          </div>
        )}
      </Panel>
    </Section>
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

/** The sign that a plan's line begins with, and how it is read aloud. */
const SIGNS: Record<string, { word: string; tone: string }> = {
  '+': { word: 'make', tone: 'text-ok' },
  '~': { word: 'change', tone: 'text-warn' },
  '-': { word: 'remove', tone: 'text-bad' },
  '±': { word: 'replace', tone: 'text-warn' },
  '!': { word: 'in the way:', tone: 'text-bad' },
  '…': { word: 'wait:', tone: 'text-text-3' },
};

/** A digest's first digits tell images apart; all of them are in the line's title. */
const shorten = (text: string): string =>
  text.replaceAll(/@sha256:([0-9a-f]{12})[0-9a-f]+/g, '@sha256:$1…');

function Lines({ lines, over }: { lines: readonly PlanLine[]; over: boolean }) {
  return (
    <ol className="py-1.5">
      {lines.map(({ text, state }) => {
        const [sign = '', ...words] = text.split(' ');
        const known = SIGNS[sign];
        const look = over && state === 'open' ? 'stopped' : LOOKS[state];
        const word = over && state === 'open' ? 'not done' : WORDS[state];
        // "± replace" says it in a word already.
        const rest = sign === '±' ? words.slice(1) : words;
        return (
          <li key={text} className="flex items-start gap-2.5 px-3 py-0.5">
            <span className="mt-0.5">
              <StatusIcon look={look} size={14} />
              <span className="sr-only">{word}: </span>
            </span>
            <code
              title={shorten(text) === text ? undefined : text}
              className="flex min-w-0 font-mono text-meta leading-5"
            >
              {known && (
                <>
                  <span aria-hidden className={cn('w-4 shrink-0', known.tone)}>
                    {sign}
                  </span>
                  <span className="sr-only">{known.word} </span>
                </>
              )}
              <span className="min-w-0 break-words">{shorten(known ? rest.join(' ') : text)}</span>
            </code>
          </li>
        );
      })}
    </ol>
  );
}
