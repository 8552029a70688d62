import type { Stack } from '~/api/schema.gen';

type Facts = Pick<Stack, 'deploying' | 'message' | 'paused' | 'settings'>;

/** What becomes of the differences, in a sentence. */
export function whatNext({ deploying, message, paused, settings }: Facts): string {
  if (deploying) return 'A deployment is going on: it puts this right.';
  if (paused) return `${paused.by} paused the stack: nothing is put back until it is resumed.`;
  if (settings.drift === 'show') {
    return 'This stack only shows drift. The next deployment puts it right.';
  }
  // The message says what keeps it.
  return message ? 'Berth has tried.' : 'The next check puts this right.';
}
