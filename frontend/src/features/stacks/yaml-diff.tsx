import { cn } from '~/lib/cn';
import { count } from '~/lib/text';

import { lineDiff, type Row } from './line-diff';

/** An object as it is and as it would be: side by side where there is room, else below each other. */
export function YamlDiff({
  label,
  live,
  desired,
}: {
  label: string;
  live: string | null;
  desired: string | null;
}) {
  const rows = lineDiff(live, desired);
  // With one side alone there is nothing to stand beside.
  const both = live !== null && desired !== null;
  return (
    <div
      role="group"
      aria-label={label}
      className="overflow-hidden rounded-panel border border-line bg-surface font-mono text-meta"
    >
      {both && (
        <div className="grid border-b border-line font-sans font-medium text-text-2 max-lg:hidden lg:grid-cols-2">
          <span className="px-3 py-1.5">Live</span>
          <span className="border-l border-line px-3 py-1.5">After a deployment</span>
        </div>
      )}
      {rows.map((row, place) => (
        // A line of a text has no other name than its place.
        // oxlint-disable-next-line react/no-array-index-key
        <Lines key={place} row={row} both={both} />
      ))}
    </div>
  );
}

function Lines({ row, both }: { row: Row; both: boolean }) {
  if (row.kind === 'skipped') {
    return (
      <p className="bg-sunken px-3 py-1 font-sans text-text-2">{count(row.lines, 'equal line')}</p>
    );
  }
  const columns = cn('grid', both && 'lg:grid-cols-2');
  if (row.kind === 'same') {
    return (
      <div className={columns}>
        <Line text={row.text} />
        {both && <Line text={row.text} twice />}
      </div>
    );
  }
  return (
    <div className={columns}>
      {(both || row.live !== undefined) && <Line text={row.live} sign="-" />}
      {(both || row.desired !== undefined) && <Line text={row.desired} sign="+" twice={both} />}
    </div>
  );
}

/** A digest's first digits tell images apart; all of them are in the line's title. */
const shorten = (text: string): string =>
  text.replaceAll(/@sha256:([0-9a-f]{12})[0-9a-f]+/g, '@sha256:$1…');

const SIGNS = {
  '-': { word: 'Live:', look: 'bg-del' },
  '+': { word: 'After a deployment:', look: 'bg-add' },
};

/** A line of one side; without text, the room that it leaves beside the other. */
function Line({
  text,
  sign,
  twice,
}: {
  text: string | undefined;
  sign?: keyof typeof SIGNS;
  /** It stands in the right column, and says what the left one does where there is no sign. */
  twice?: boolean;
}) {
  const right = twice && 'lg:border-l lg:border-line';
  if (text === undefined)
    return <div aria-hidden className={cn('bg-sunken max-lg:hidden', right)} />;
  return (
    <div
      aria-hidden={(twice && !sign) || undefined}
      className={cn(
        'flex min-w-0 gap-2 px-3 leading-6',
        sign && SIGNS[sign].look,
        twice && !sign && 'max-lg:hidden',
        right,
      )}
    >
      <span aria-hidden className="w-2 shrink-0 text-text-2 select-none">
        {sign}
      </span>
      {sign && <span className="sr-only">{SIGNS[sign].word} </span>}
      <code
        title={shorten(text) === text ? undefined : text.trim()}
        className="min-w-0 wrap-anywhere whitespace-pre-wrap"
      >
        {shorten(text)}
      </code>
    </div>
  );
}
