/** The rules of one repository, one a row: when, what it matches now, what it deploys, on or off. */
import { Link } from '@tanstack/react-router';
import { GitPullRequest, Tag as TagIcon, Upload } from 'lucide-react';
import { useRef } from 'react';

import { useDenied } from '~/api/access';
import { isStatus } from '~/api/client';
import { Failure } from '~/api/loaded';
import type { Rule, RuleEvent } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { messageOf } from '~/lib/text';
import { Button } from '~/ui/button';
import type { Place } from '~/ui/long';
import { Section } from '~/ui/page';
import { Switch } from '~/ui/switch';
import { Table, Td, Th } from '~/ui/table';
import { Tag } from '~/ui/tag';

import { matchedWords } from './effect';
import { isThere, useMatchesNow, useSeen, type MatchesNow } from './use-matches-now';
import { useRuleSwitch } from './use-rule-switch';

const EVENTS = {
  push: { word: 'Push', icon: Upload },
  tag: { word: 'Tag', icon: TagIcon },
  pull_request: { word: 'Pull request', icon: GitPullRequest },
} satisfies Record<RuleEvent, { word: string; icon: typeof Upload }>;

/** Only who may write rules may have GitHub asked what they match. */
const head = (admin: boolean) => (
  <>
    <Th className="w-[30%] sm:w-[22%] lg:w-[12%]">Rule</Th>
    <Th className="lg:w-[18%]">When</Th>
    {admin && (
      <Th hide="sm" className="w-[20%] lg:w-[13%]">
        Matches now
      </Th>
    )}
    <Th hide="sm" className="w-[20%] lg:w-[12%]">
      Environment
    </Th>
    <Th hide="lg">Host</Th>
    <Th hide="lg" className="w-[17%]">
      Compose file
    </Th>
    <Th right className="w-22">
      State
    </Th>
  </>
);

export function RuleGroup({
  repository,
  rules,
  place,
}: {
  repository: string;
  rules: readonly [Rule, ...Rule[]];
  place: Place;
}) {
  const box = useRef<HTMLDivElement>(null);
  const admin = useDenied('admin') === undefined;
  const asked = useSeen(box) && admin;
  const first = useMatchesNow(rules[0], asked);
  const unknown = first.error && !isStatus(first.error, 422) ? first.error : null;
  const { busy, failed, change } = useRuleSwitch();
  return (
    <div ref={box} {...place}>
      <Section
        title={repository}
        aside={
          unknown && (
            <span className="flex flex-wrap items-center justify-end gap-x-2 text-meta text-text-2">
              What matches now is not known: {messageOf(unknown)}
              <Button
                kind="quiet"
                size="small"
                busy={first.isFetching}
                onClick={() => void first.refetch()}
              >
                Retry
              </Button>
            </span>
          )
        }
      >
        {failed && (
          <div className="mb-2">
            <Failure
              error={failed.error}
              title={`Could not switch ${failed.rule.name} ${failed.rule.enabled ? 'off' : 'on'}`}
            />
          </div>
        )}
        <Table fixed label={`Rules of ${repository}`} head={head(admin)}>
          {rules.map((rule, index) => (
            <Row
              key={rule.id}
              rule={rule}
              asked={index === 0 ? asked : asked && isThere(first)}
              busy={busy.has(rule.id)}
              onChange={admin ? (enabled) => change(rule, enabled) : undefined}
            />
          ))}
        </Table>
      </Section>
    </div>
  );
}

function Row({
  rule,
  asked,
  busy,
  onChange,
}: {
  rule: Rule;
  asked: boolean;
  busy: boolean;
  /** None for whoever may not. */
  onChange: ((enabled: boolean) => void) | undefined;
}) {
  const matches = useMatchesNow(rule, asked);
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
        {asked && (
          <span className="block pl-5 text-meta text-text-2 sm:hidden">
            Now: <Now rule={rule} matches={matches} />
          </span>
        )}
      </Td>
      {onChange && (
        <Td hide="sm">
          <span className="block truncate">
            <Now rule={rule} matches={matches} />
          </span>
        </Td>
      )}
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
      <Td right>
        {onChange ? (
          // Above the link that the whole row is.
          <span className="relative z-1 inline-flex">
            <Switch
              label={`The rule ${rule.name}`}
              on={rule.enabled}
              busy={busy}
              onChange={onChange}
            />
          </span>
        ) : rule.enabled ? (
          <Tag tone="ok">On</Tag>
        ) : (
          <Tag>Off</Tag>
        )}
      </Td>
    </tr>
  );
}

/** What a rule matches now; of one that is off, what it would. */
function Now({ rule, matches }: { rule: Rule; matches: MatchesNow }) {
  if (matches.data && !matches.error) {
    const words = matchedWords(matches.data.items);
    const quiet = words === 'nothing' || !rule.enabled;
    return (
      <span
        className={cn('tabular-nums', quiet && 'text-text-2')}
        title={rule.paths.length > 0 ? 'If one of its paths changes.' : undefined}
      >
        {words}
        {!rule.enabled && words !== 'nothing' && ', if on'}
      </span>
    );
  }
  if (isStatus(matches.error, 422)) return <span className="text-text-2">cannot be read</span>;
  return (
    <span className="text-text-3">
      <span aria-hidden>{matches.error ? '–' : '…'}</span>
      <span className="sr-only">not known</span>
    </span>
  );
}

function Mono({ children }: { children: string }) {
  return (
    <code className="block truncate font-mono text-meta text-text-2" title={children}>
      {children}
    </code>
  );
}
