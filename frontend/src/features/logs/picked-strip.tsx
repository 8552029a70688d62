import { Check, Copy, Link as LinkIcon, X } from 'lucide-react';
import { useEffect, useState } from 'react';

import { copyText } from '~/lib/copy';
import { count } from '~/lib/text';
import { clock } from '~/lib/time';
import { Button } from '~/ui/button';

import { day } from './log-row';

/** What is selected, in full, and what one can do with it. */
export function PickedStrip({
  lines,
  name,
  facts,
  copied,
  onCopy,
  onClose,
}: {
  lines: readonly { at: string }[];
  /** Who wrote the line, and what else there is to know of it, where it is one. */
  name: string;
  facts: readonly string[];
  /** Counts up with each copy by the keyboard. */
  copied: number;
  onCopy: () => Promise<boolean>;
  onClose: () => void;
}) {
  const [done, setDone] = useState<'lines' | 'link'>();
  const [told, setTold] = useState(copied);
  if (told !== copied) {
    setTold(copied);
    setDone('lines');
  }
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(undefined), 1_500);
    return () => clearTimeout(timer);
  }, [done]);
  const [line] = lines;
  const last = lines.at(-1);
  if (!line || !last) return null;
  const one = lines.length === 1;
  return (
    <section
      aria-label="Selected"
      className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 border-t border-line px-4 py-1.5 text-meta text-text-2 sm:px-6"
    >
      <span className="font-medium text-text">{one ? name : count(lines.length, 'line')}</span>
      <span className="tabular-nums">
        {one ? `${day(line.at)} ${precise(line.at)}` : `${clock(line.at)} to ${clock(last.at)}`}
      </span>
      {one && facts.map((fact) => <span key={fact}>{fact}</span>)}
      <span role="status" className="sr-only">
        {done && 'Copied'}
      </span>
      <span className="ml-auto flex items-center gap-1">
        <Button
          kind="quiet"
          size="small"
          onClick={() => void onCopy().then((ok) => ok && setDone('lines'))}
        >
          {done === 'lines' ? (
            <Check size={14} className="text-ok" aria-hidden />
          ) : (
            <Copy size={14} aria-hidden />
          )}
          {one ? 'Copy line' : 'Copy lines'}
        </Button>
        <Button
          kind="quiet"
          size="small"
          onClick={() => void copyText(location.href).then((ok) => ok && setDone('link'))}
        >
          {done === 'link' ? (
            <Check size={14} className="text-ok" aria-hidden />
          ) : (
            <LinkIcon size={14} aria-hidden />
          )}
          Copy link
        </Button>
        <Button kind="quiet" size="small" aria-label="Clear the selection" onClick={onClose}>
          <X size={14} aria-hidden />
        </Button>
      </span>
    </section>
  );
}

/** The clock with what the server knows below the second. */
const precise = (at: string): string => {
  const part = /\.\d{1,6}/.exec(at)?.[0] ?? '';
  return `${clock(at)}${part}`;
};
