import type { ReactNode } from 'react';

/** A sentence of the server, where what stands between backticks is code. */
export function Said({ text }: { text: string }): ReactNode {
  const parts = text.split('`');
  // A backtick without its partner is only a backtick.
  if (parts.length % 2 === 0) return text;
  return parts.map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      // The parts of a sentence have no other name than their place.
      // oxlint-disable-next-line react/no-array-index-key
      <code key={index} className="font-mono text-[0.92em]">
        {part}
      </code>
    ),
  );
}
