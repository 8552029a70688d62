import type { StackSummary } from '~/api/schema.gen';
import type { Look } from '~/ui/status';

type Facts = Pick<StackSummary, 'wanted' | 'deploying' | 'health' | 'latest_deployment'>;

/** What the button that deploys a stack is called, and so the act wherever it is spoken of. */
export function deployWord({ latest_deployment: latest }: Pick<Facts, 'latest_deployment'>) {
  if (!latest) return 'Deploy';
  return latest.phase === 'failed' ? 'Retry' : 'Redeploy';
}

/** The one word for a stack: what goes on comes before how it is. */
export function stackLook(stack: Facts): Look {
  if (stack.wanted === 'absent') return 'removing';
  if (stack.deploying) return 'deploying';
  // Nothing ever ran, and the attempt failed: "unknown" would hide that.
  if (stack.health === 'unknown' && stack.latest_deployment?.phase === 'failed') return 'failed';
  return stack.health;
}
