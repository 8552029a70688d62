import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Loaded } from '~/api/loaded';
import type { StackSummary } from '~/api/schema.gen';
import { Bar } from '~/ui/bar';
import { Said } from '~/ui/said';
import { StatusIcon } from '~/ui/status';

import { stackLook } from './look';

type StackList = { items: StackSummary[]; next_cursor: string | null };

/** As many as are read before the table; a link leads to all. */
const MOST = 8;

/** What a person should look into, each with its reason; nothing when all is well. */
export function Attention({ query }: { query: UseQueryResult<StackList> }) {
  return (
    <div className="mb-4 empty:hidden">
      <Loaded query={query} what="what needs attention" skeleton={<></>}>
        {({ items, next_cursor }) =>
          items.length > 0 && <Troubled stacks={items} more={next_cursor ? '+' : ''} />
        }
      </Loaded>
    </div>
  );
}

function Troubled({ stacks, more }: { stacks: readonly StackSummary[]; more: string }) {
  const size = stacks.length;
  return (
    <section aria-label="Needs attention">
      <Bar tone="warn">
        <p className="mb-1 font-semibold">
          {`${size}${more} ${size === 1 ? 'stack needs' : 'stacks need'} attention`}
        </p>
        <ul className="space-y-1">
          {stacks.slice(0, MOST).map((stack) => {
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
        {size > MOST && (
          <Link
            to="/"
            search={{ attention: true }}
            className="mt-1 inline-block text-text-2 underline underline-offset-2"
          >
            {`and ${size - MOST}${more} more`}
          </Link>
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
