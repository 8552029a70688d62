import type { ContainerLine } from '~/api/schema.gen';

import { spans } from './ansi';
import { compareIds } from './line-buffer';

/** The lines that are selected: from the one pressed first to the one pressed last. */
export type Picked = { from: string; to: string };

export const isPicked = (picked: Picked | undefined, id: string): boolean => {
  if (!picked) return false;
  const [first, last] = inOrder(picked);
  return compareIds(first, id) <= 0 && compareIds(id, last) <= 0;
};

export const inOrder = ({ from, to }: Picked): [string, string] =>
  compareIds(from, to) <= 0 ? [from, to] : [to, from];

/** A line without its colours. */
export const plain = (text: string): string =>
  spans(text)
    .map((span) => span.text)
    .join('');

/** Lines as the download has them. */
export const asText = (lines: readonly ContainerLine[]): string =>
  lines.map(({ at, service, task, text }) => `${at} ${service} ${task} ${plain(text)}`).join('\n');
