import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { GitPullRequest, Plus, Tag as TagIcon, Upload } from 'lucide-react';
import { useMemo } from 'react';

import { useDenied } from '~/api/access';
import { Loaded } from '~/api/loaded';
import { NextPage } from '~/api/more';
import { githubQuery, rulesQuery } from '~/api/queries';
import type { Rule, RuleEvent } from '~/api/schema.gen';
import { buttonClass } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { countOf, inParts, Long, type Place } from '~/ui/long';
import { Page, PageHead, Section } from '~/ui/page';
import { Table, Td, Th } from '~/ui/table';
import { Tag } from '~/ui/tag';

const EVENTS = {
  push: { word: 'Push', icon: Upload },
  tag: { word: 'Tag', icon: TagIcon },
  pull_request: { word: 'Pull request', icon: GitPullRequest },
} satisfies Record<RuleEvent, { word: string; icon: typeof Upload }>;

const HEAD = (
  <>
    <Th className="w-[30%] lg:w-[14%]">Rule</Th>
    <Th className="lg:w-[22%]">When</Th>
    <Th hide="sm" className="w-[24%] lg:w-[14%]">
      Environment
    </Th>
    <Th hide="lg" className="w-[26%]">
      Host
    </Th>
    <Th hide="lg" className="w-[20%]">
      Compose file
    </Th>
    <Th right className="w-16">
      State
    </Th>
  </>
);

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

type Group = [repository: string, rules: Rule[]];
/** Repositories that come into the page and leave it together. */
const TOGETHER = 20;

const group = ([repository, rules]: Group, place: Place) => (
  <div key={repository} {...place}>
    <Section title={repository}>
      <Table fixed label={`Rules of ${repository}`} head={HEAD}>
        {rules.map((rule) => (
          <Row key={rule.id} rule={rule} />
        ))}
      </Table>
    </Section>
  </div>
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

function byRepository(rules: readonly Rule[]): Map<string, Rule[]> {
  const groups = new Map<string, Rule[]>();
  for (const rule of rules) {
    const of = groups.get(rule.repository);
    if (of) of.push(rule);
    else groups.set(rule.repository, [rule]);
  }
  return groups;
}

function Row({ rule }: { rule: Rule }) {
  const { word, icon: Icon } = EVENTS[rule.event];
  return (
    <tr className="relative hover:bg-hover">
      <Td className="max-w-56">
        <Link
          to="/rules/$id"
          params={{ id: rule.id }}
          className="block truncate font-medium after:absolute after:inset-0"
        >
          {rule.name}
        </Link>
      </Td>
      <Td className="max-w-72">
        <span className="flex min-w-0 items-center gap-1.5">
          <Icon size={14} className="shrink-0 text-text-3" aria-hidden />
          <span className="whitespace-nowrap">{word}</span>
          <code className="truncate font-mono text-meta text-text-2" title={rule.refs.join(', ')}>
            {rule.refs.length > 0 ? rule.refs.join(', ') : 'any'}
          </code>
        </span>
        {rule.paths.length > 0 && (
          <code
            className="block truncate pl-5 font-mono text-meta text-text-2"
            title={rule.paths.join(', ')}
          >
            {rule.paths.join(', ')}
          </code>
        )}
      </Td>
      <Td hide="sm">
        <Mono>{rule.environment}</Mono>
        {rule.policy === 'restricted' && <Tag>restricted</Tag>}
      </Td>
      <Td hide="lg">
        <Mono>{rule.host}</Mono>
      </Td>
      <Td hide="lg">
        <Mono>{rule.compose_file}</Mono>
      </Td>
      <Td right>{rule.enabled ? <Tag tone="ok">On</Tag> : <Tag>Off</Tag>}</Td>
    </tr>
  );
}

function Mono({ children }: { children: string }) {
  return (
    <code className="block truncate font-mono text-meta text-text-2" title={children}>
      {children}
    </code>
  );
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
