import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { Loaded } from '~/api/loaded';
import { repositoriesQuery, rulesQuery, stacksQuery } from '~/api/queries';
import type { Rule } from '~/api/schema.gen';
import { count } from '~/lib/text';
import { buttonClass } from '~/ui/button';
import { Said } from '~/ui/said';
import { Search } from '~/ui/search';

import { Copyable } from './copyable';
import { firstPush } from './first-push';
import { Step, Waiting } from './step';

/**
 * From an installed App to the first stack: a rule for one of the repositories, then the push that
 * the rule waits for. The stack fills the card by itself; what becomes of it is on its own page.
 */
export function FirstStack({ number, installed }: { number: number; installed: boolean }) {
  const rules = useInfiniteQuery(rulesQuery());
  const stacks = useInfiniteQuery(stacksQuery());
  const all = rules.data?.pages.flatMap(({ items }) => items) ?? [];
  const rule = all.find(({ enabled }) => enabled);
  const stack = stacks.data?.pages[0]?.items[0];
  return (
    <Step
      number={number}
      title="Deploy the first stack"
      state={stack ? 'done' : installed && !stacks.isPending ? 'now' : 'later'}
      result={
        stack && (
          <>
            <Link
              to="/stacks/$stack"
              params={{ stack: stack.name }}
              className="font-medium text-text underline underline-offset-2 hover:text-accent"
            >
              {stack.name}
            </Link>{' '}
            from {stack.repository}
          </>
        )
      }
    >
      <Loaded query={rules} what="the rules">
        {() => (rule ? <Push rule={rule} /> : <ChooseRepository off={all.length > 0} />)}
      </Loaded>
    </Step>
  );
}

/** What the rule waits for. */
function Push({ rule }: { rule: Rule }) {
  const { what, command } = firstPush(rule);
  return (
    <>
      <p className="text-body text-text-2">
        The rule{' '}
        <Link
          to="/rules/$id"
          params={{ id: rule.id }}
          className="font-medium text-text underline underline-offset-2 hover:text-accent"
        >
          {rule.name}
        </Link>{' '}
        deploys <span className="font-medium text-text">{rule.repository}</span>.{' '}
        <Said text={what} />
      </p>
      {command && <Copyable text={command} label="Copy the command" />}
      <Waiting>Waiting for GitHub to tell of it. The stack shows up here.</Waiting>
    </>
  );
}

/** As many as are read at a glance; the rest is found by its name. */
const SHOWN = 20;
/** From so many on it is worth searching. */
const MANY = 8;

/** `off`: there are rules, and each of them is switched off. */
function ChooseRepository({ off }: { off: boolean }) {
  const [q, setQ] = useState('');
  const repositories = useQuery(repositoriesQuery(q));
  return (
    <>
      <p className="text-body text-text-2">
        A rule says which pushes deploy what.{' '}
        {off && (
          <>
            Those there are, are switched off:{' '}
            <Link to="/rules" className="underline underline-offset-2 hover:text-accent">
              see the rules
            </Link>
            .{' '}
          </>
        )}
        Choose a repository to start with:
      </p>
      <Loaded query={repositories} what="the repositories">
        {({ items, next_cursor }) => (
          <div className="space-y-2">
            {(q || items.length > MANY) && (
              <Search label="Find a repository" value={q} onChange={setQ} />
            )}
            <ul className="divide-y divide-line rounded-control border border-line">
              {items.slice(0, SHOWN).map((repository) => (
                <li key={repository.id} className="flex items-center gap-3 px-3 py-2 text-ui">
                  <span className="min-w-0 flex-1 truncate font-medium">
                    {repository.full_name}
                  </span>
                  <Link
                    to="/rules/new"
                    search={{ repository: String(repository.id) }}
                    aria-label={`Write a rule for ${repository.full_name}`}
                    className={buttonClass({ size: 'small' })}
                  >
                    Write a rule
                  </Link>
                </li>
              ))}
              {items.length === 0 && (
                <li className="px-3 py-2 text-ui text-text-2">
                  {q
                    ? `No repository matches “${q}”.`
                    : 'The installation has no repositories yet.'}
                </li>
              )}
              {items.length > SHOWN && (
                <li className="px-3 py-2 text-ui text-text-2">
                  {next_cursor ? 'Many more' : count(items.length - SHOWN, 'more', 'more')}, found
                  by their names.
                </li>
              )}
            </ul>
          </div>
        )}
      </Loaded>
    </>
  );
}
