/** All rules, by repository; one of them is on a page of its own. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useMemo } from 'react';

import { useDenied } from '~/api/access';
import { Loaded } from '~/api/loaded';
import { NextPage } from '~/api/more';
import { githubQuery, rulesQuery } from '~/api/queries';
import type { Rule } from '~/api/schema.gen';
import { buttonClass } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { countOf, inParts, Long, type Place } from '~/ui/long';
import { Page, PageHead } from '~/ui/page';

import { RuleGroup } from './rule-group';

export function RulesPage() {
  const query = useInfiniteQuery(rulesQuery());
  const denied = useDenied('admin');
  const size = query.data && `${countOf(query.data.pages)}${query.hasNextPage ? '+' : ''}`;
  return (
    <Page>
      <PageHead
        title="Rules"
        aside={size}
        actions={
          !denied && (
            <Link to="/rules/new" search={{}} className={buttonClass({ kind: 'primary' })}>
              <Plus size={15} aria-hidden /> New rule
            </Link>
          )
        }
      >
        <p className="mt-0.5 text-ui text-text-2">
          Which pushes, tags and pull requests deploy what. Each matching rule of a repository
          deploys its environment.
        </p>
      </PageHead>
      <Loaded query={query} what="the rules">
        {({ pages }) =>
          countOf(pages) === 0 ? <NoRules /> : <Groups pages={pages} more={query.hasNextPage} />
        }
      </Loaded>
      <NextPage query={query} />
    </Page>
  );
}

type Group = [repository: string, rules: [Rule, ...Rule[]]];
/** Repositories that come into the page and leave it together. */
const TOGETHER = 20;

const group = ([repository, rules]: Group, place: Place) => (
  <RuleGroup key={repository} repository={repository} rules={rules} place={place} />
);

function Groups({ pages, more }: { pages: readonly { items: Rule[] }[]; more: boolean }) {
  const parts = useMemo(
    () => inParts([...byRepository(pages.flatMap(({ items }) => items))], TOGETHER),
    [pages],
  );
  return (
    <div role="list" aria-label="Repositories">
      <Long as="div" className="flow-root" parts={parts} more={more} row={group} />
    </div>
  );
}

function byRepository(rules: readonly Rule[]): Map<string, Group[1]> {
  const groups = new Map<string, Group[1]>();
  for (const rule of rules) {
    const of = groups.get(rule.repository);
    if (of) of.push(rule);
    else groups.set(rule.repository, [rule]);
  }
  return groups;
}

function NoRules() {
  const { data: github } = useQuery(githubQuery());
  const ready = !github || github.installations.length > 0;
  return (
    <Empty
      title="No rules yet"
      action={
        ready ? (
          <Link to="/rules/new" search={{}} className={buttonClass()}>
            New rule
          </Link>
        ) : (
          <Link to="/setup/github" className={buttonClass()}>
            Connect GitHub
          </Link>
        )
      }
    >
      {ready
        ? 'Without a rule nothing deploys. Start with: a push to main deploys production.'
        : 'Rules are about repositories, and Berth sees none yet. Connect it to GitHub first.'}
    </Empty>
  );
}
