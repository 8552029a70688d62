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

/** Whether Berth leaves what differs to people, who can have the newest deployment made again. */
export function needsPerson<S extends Facts & Pick<Stack, 'latest_deployment'>>(
  stack: S,
): stack is S & { latest_deployment: NonNullable<S['latest_deployment']> } {
  const { deploying, latest_deployment, message, paused, settings } = stack;
  const left = settings.drift === 'show' || message !== '';
  return left && !deploying && !paused && latest_deployment?.phase === 'succeeded';
}
