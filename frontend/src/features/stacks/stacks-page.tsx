import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { useSight } from '~/api/list';
import { Loaded } from '~/api/loaded';
import { NextPage } from '~/api/more';
import { attentionQuery, githubQuery, stacksQuery, type StackFilter } from '~/api/queries';
import { whenLive } from '~/api/stream';
import { later, useLater } from '~/lib/later';
import { useTrouble } from '~/lib/trouble';
import { buttonClass } from '~/ui/button';
import { chipClass } from '~/ui/chip';
import { Empty } from '~/ui/empty';
import { countOf } from '~/ui/long';
import { Page, PageHead } from '~/ui/page';
import { Search } from '~/ui/search';
import { SkeletonRows } from '~/ui/skeleton';

import { Attention } from './attention';
import { StackTable } from './stack-table';

const StackFilters = later(() => import('./stack-filters').then((it) => it.StackFilters));

type Chip = Pick<StackFilter, 'kind' | 'attention'> & { label: string };
const KINDS: readonly Chip[] = [
  { label: 'All' },
  { kind: 'permanent', label: 'Permanent' },
  { kind: 'preview', label: 'Previews' },
];
/** Offered by the box that says so, where it is long; here only once it is on. */
const TROUBLED: Chip = { attention: true, label: 'Needs attention' };

export function StacksPage({ filter }: { filter: StackFilter }) {
  const query = useInfiniteQuery(stacksQuery(filter));
  const onSight = useSight(query.refetch);
  const navigate = useNavigate();
  const stacks = query.data?.pages.flatMap((page) => page.items);
  const { env, health, repo, sort, sync } = filter;
  const set = [env, health, repo, sort, sync].filter(Boolean).length;
  const filtered = Object.values(filter).some(Boolean);
  // What is set can be seen, unless somebody put it away.
  const [pressed, setPressed] = useState<boolean>();
  const open = pressed ?? set > 0;
  useLater(StackFilters, open, whenLive);
  const size = stacks && `${stacks.length}${query.hasNextPage ? '+' : ''}`;
  // What needs attention stands above the rest, and pushes nothing down that is there already;
  // unless it is long in coming.
  const troubled = useQuery(attentionQuery());
  useTrouble((troubled.data?.items.length ?? 0) > 0);
  if (troubled.isPending && troubled.failureCount === 0) {
    return (
      <Page>
        <PageHead title="Stacks" aside={size} />
        <SkeletonRows />
      </Page>
    );
  }
  return (
    <Page>
      <PageHead title="Stacks" aside={size} />
      <Attention query={troubled} />
      {(filtered || (stacks && stacks.length > 0)) && (
        <div role="search" className="mb-3 flex flex-wrap items-center gap-x-2 gap-y-2">
          <Search
            label="Filter by name"
            value={filter.q ?? ''}
            onChange={(q) =>
              void navigate({ to: '/', search: { ...filter, q: q || undefined }, replace: true })
            }
          />
          <nav aria-label="Kinds" className="flex flex-wrap gap-1">
            {(filter.attention ? [...KINDS, TROUBLED] : KINDS).map(({ kind, attention, label }) => {
              const on = filter.kind === kind && filter.attention === attention;
              return (
                <Link
                  key={label}
                  to="/"
                  search={{ ...filter, kind, attention }}
                  aria-current={on ? 'true' : undefined}
                  className={chipClass({ on })}
                >
                  {label}
                </Link>
              );
            })}
          </nav>
          <button
            type="button"
            aria-expanded={open}
            onClick={() => setPressed(!open)}
            className={chipClass({ on: open || set > 0 })}
          >
            {set > 0 ? `Filters (${set})` : 'Filters'}
          </button>
        </div>
      )}
      {open && <StackFilters filter={filter} />}
      <Loaded query={query} what="the stacks">
        {(data) => {
          if (countOf(data.pages) > 0) {
            return <StackTable list={data} more={query.hasNextPage} onSight={onSight} />;
          }
          return filtered ? <NothingFound filter={filter} /> : <NoStacks />;
        }}
      </Loaded>
      <NextPage query={query} />
    </Page>
  );
}

function NothingFound({ filter }: { filter: StackFilter }) {
  return (
    <Empty
      title={
        filter.q
          ? `No stack matches “${filter.q}”`
          : Object.values(filter).filter(Boolean).length > 1
            ? 'No stack is all of that'
            : filter.attention
              ? 'No stack needs attention'
              : 'No stack is like that'
      }
      action={
        <Link to="/" search={{}} className={buttonClass()}>
          Clear the filter
        </Link>
      }
    />
  );
}

/** The next step depends on how far the setup has come. */
function NoStacks() {
  const { data: github } = useQuery(githubQuery());
  if (github && (!github.app || github.installations.length === 0)) {
    return (
      <Empty
        title="No stacks yet"
        action={
          <Link to="/setup/github" className={buttonClass({ kind: 'primary' })}>
            Connect GitHub
          </Link>
        }
      >
        Berth deploys what you push. Connect it to GitHub first: it takes three clicks.
      </Empty>
    );
  }
  return (
    <Empty
      title="No stacks yet"
      action={
        <>
          <Link to="/rules/new" search={{}} className={buttonClass({ kind: 'primary' })}>
            New rule
          </Link>
          <Link to="/rules" className={buttonClass()}>
            See the rules
          </Link>
        </>
      }
    >
      A push that a rule matches makes a stack:
      <code className="mt-2 block font-mono text-meta">git push origin main</code>
    </Empty>
  );
}
