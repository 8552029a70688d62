import type { StackSummary } from '~/api/schema.gen';
import type { Look } from '~/ui/status';

type Facts = Pick<StackSummary, 'wanted' | 'deploying' | 'health' | 'latest_deployment'>;

/** The one word for a stack: what goes on comes before how it is. */
export function stackLook(stack: Facts): Look {
  if (stack.wanted === 'absent') return 'removing';
  if (stack.deploying) return 'deploying';
  // Nothing ever ran, and the attempt failed: "unknown" would hide that.
  if (stack.health === 'unknown' && stack.latest_deployment?.phase === 'failed') return 'failed';
  return stack.health;
}
