import Anser from 'anser';
import type { ReactNode } from 'react';

import { cn } from '~/lib/cn';

/** The sixteen colours of a terminal, as our own; hostile text stays text. */
const COLOURS: Record<string, string> = {
  'ansi-black': 'text-text-3',
  'ansi-red': 'text-bad',
  'ansi-green': 'text-ok',
  'ansi-yellow': 'text-warn',
  'ansi-blue': 'text-accent',
  'ansi-magenta': 'text-preview',
  'ansi-cyan': 'text-accent',
  'ansi-white': 'text-text',
  'ansi-bright-black': 'text-text-3',
  'ansi-bright-red': 'text-bad',
  'ansi-bright-green': 'text-ok',
  'ansi-bright-yellow': 'text-warn',
  'ansi-bright-blue': 'text-accent',
  'ansi-bright-magenta': 'text-preview',
  'ansi-bright-cyan': 'text-accent',
  'ansi-bright-white': 'text-text',
};

// Control characters that are no colour: cursor jumps, bells, titles of windows.
const CONTROL =
  // oxlint-disable-next-line no-control-regex
  /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[A-HJKSTfhln-su]|\x1b[()][0-9A-B]|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g;
/** Marks that turn text around, so that a line can look like another one. */
const BIDI = /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/g;

export type Span = { text: string; className: string };

/** What a terminal would overwrite, it overwrites: only the text after the last return counts. */
function afterReturn(line: string): string {
  const trimmed = line.replace(/[\r\n]+$/, '');
  return trimmed.slice(trimmed.lastIndexOf('\r') + 1);
}

export function spans(raw: string): Span[] {
  const line = afterReturn(raw).replace(CONTROL, '').replace(BIDI, '\ufffd');
  if (!line.includes('\u001b')) return [{ text: line, className: '' }];
  return Anser.ansiToJson(line, { use_classes: true, remove_empty: true }).map((part) => ({
    text: part.content.replaceAll('\u001b', ''),
    className: cn(
      COLOURS[part.fg ?? ''],
      part.decorations.includes('bold') && 'font-semibold',
      part.decorations.includes('dim') && 'text-text-3',
      part.decorations.includes('underline') && 'underline',
    ),
  }));
}

export function Ansi({ line }: { line: string }): ReactNode {
  return spans(line).map((span, index) =>
    span.className ? (
      // The parts of a line have no other name than their place.
      // oxlint-disable-next-line react/no-array-index-key
      <span key={index} className={span.className}>
        {span.text}
      </span>
    ) : (
      span.text
    ),
  );
}
