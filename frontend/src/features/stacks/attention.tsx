import { Link } from '@tanstack/react-router';

import type { StackSummary } from '~/api/schema.gen';
import { count } from '~/lib/text';
import { Bar } from '~/ui/bar';
import { Said } from '~/ui/said';
import { StatusIcon } from '~/ui/status';

import { stackLook } from './look';

/** As many as are read before the table; each is in it, too. */
const MOST = 8;

/** What a person should look into, each with its reason; nothing when all is well. */
export function Attention({ stacks }: { stacks: readonly StackSummary[] }) {
  const troubled = stacks.filter((stack) => stack.attention);
  if (troubled.length === 0) return null;
  return (
    <section aria-label="Needs attention" className="mb-4">
      <Bar tone="warn">
        <p className="mb-1 font-semibold">
          {count(troubled.length, 'stack needs', 'stacks need')} attention
        </p>
        <ul className="space-y-1">
          {troubled.slice(0, MOST).map((stack) => {
            const look = stackLook(stack);
            return (
              <li key={stack.name} className="flex min-w-0 items-start gap-2">
                <span className="mt-[3px]">
                  <StatusIcon
                    look={look === 'healthy' || look === 'unknown' ? 'degraded' : look}
                    size={14}
                  />
                </span>
                <p className="min-w-0 break-words">
                  <AttentionLink stack={stack} />
                  <span className="ml-2 text-text-2">
                    <Said text={stack.attention ?? ''} />
                  </span>
                </p>
              </li>
            );
          })}
        </ul>
        {troubled.length > MOST && (
          <p className="mt-1 text-text-2">
            and {count(troubled.length - MOST, 'other')}, in the table below
          </p>
        )}
      </Bar>
    </section>
  );
}

function AttentionLink({ stack }: { stack: StackSummary }) {
  const style = 'font-medium underline underline-offset-2';
  const latest = stack.latest_deployment;
  return latest?.phase === 'failed' ? (
    <Link
      to="/stacks/$stack/deployments/$number"
      params={{ stack: stack.name, number: String(latest.number) }}
      className={style}
    >
      {stack.name}
    </Link>
  ) : (
    <Link to="/stacks/$stack" params={{ stack: stack.name }} className={style}>
      {stack.name}
    </Link>
  );
}
