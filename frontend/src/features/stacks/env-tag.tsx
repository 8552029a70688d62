import type { StackSummary } from '~/api/schema.gen';
import { Tag } from '~/ui/tag';

export function EnvTag({
  stack,
}: {
  stack: Pick<StackSummary, 'kind' | 'environment' | 'pull_request'>;
}) {
  if (stack.kind === 'preview') {
    return (
      <Tag tone="preview">
        {stack.pull_request ? `preview #${stack.pull_request.number}` : 'preview'}
      </Tag>
    );
  }
  return <Tag tone={stack.environment === 'staging' ? 'warn' : 'idle'}>{stack.environment}</Tag>;
}
