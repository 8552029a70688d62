import { cn } from '~/lib/cn';

import { StatusIcon, type Look } from './status';

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

/** A line of a plan, and how far it is where it is carried out. */
type Line = { text: string; look?: Look; word?: string };

/** What is done to the cluster, in order, a line an action. */
export function PlanLines({ label, lines }: { label: string; lines: readonly Line[] }) {
  return (
    <ol aria-label={label} className="py-1.5">
      {lines.map(({ text, look, word }) => {
        const [sign = '', ...words] = text.split(' ');
        const known = SIGNS[sign];
        // "± replace" says it in a word already.
        const rest = sign === '±' ? words.slice(1) : words;
        return (
          <li key={text} className="flex items-start gap-2.5 px-3 py-0.5">
            {look && (
              <span className="mt-0.5">
                <StatusIcon look={look} size={14} />
                <span className="sr-only">{word}: </span>
              </span>
            )}
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
