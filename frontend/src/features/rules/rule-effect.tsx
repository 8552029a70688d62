/**
 * What saving a rule changes of what matches, said before it is saved: by name here, and in one
 * sentence for beside the button. All that would match, with reasons, is in `rule-matches.tsx`.
 */
import { useQuery } from '@tanstack/react-query';
import { Minus, MoveRight, Plus, type LucideIcon } from 'lucide-react';
import { useMemo, type ReactNode } from 'react';

import { useDenied } from '~/api/access';
import { ruleMatchesQuery } from '~/api/queries';
import type { Rule, RuleEvent, RuleMatch } from '~/api/schema.gen';
import { count } from '~/lib/text';
import { Panel } from '~/ui/page';

import { decidingOf, type Deciding } from './deciding';
import type { RuleForm } from './draft';
import { effectOf, type Effect } from './effect';

export type Foreseen = {
  effect: Effect;
  /** It is of the draft before: that of this one is being asked for. */
  pending: boolean;
};

/** What saving the draft changes; undefined where that is not known. */
export function useRuleEffect(
  { draft, settled }: Deciding,
  saved: Rule | undefined,
): Foreseen | undefined {
  const asked = useDenied('admin') === undefined && Boolean(draft.repository_id);
  const old = useMemo(() => saved && decidingOf(saved), [saved]);
  const after = useQuery({ ...ruleMatchesQuery(draft), enabled: asked });
  const before = useQuery({ ...ruleMatchesQuery(old ?? draft), enabled: asked && Boolean(old) });
  if (after.error || before.error || !after.data || (old && !before.data)) return undefined;
  return {
    effect: effectOf(old ? (before.data?.items ?? []) : [], after.data.items),
    pending: !settled || after.isPlaceholderData || before.isPlaceholderData,
  };
}

const NEXT = {
  push: 'the next push decides',
  tag: 'the next tag decides',
  pull_request: 'the next event of a pull request decides',
} satisfies Record<RuleEvent, string>;

export function RuleEffect({
  foreseen: { effect, pending },
  form,
}: {
  foreseen: Foreseen;
  form: RuleForm;
}) {
  const { begins, ceases, moves } = effect;
  const same = begins.length + ceases.length + moves.length === 0;
  return (
    <section aria-label="What saving changes" aria-busy={pending}>
      <h2 className="mb-1.5 text-ui font-medium">What saving changes</h2>
      <Panel>
        <ul className="divide-y divide-line text-ui">
          <Line
            icon={Plus}
            tone="text-ok"
            says="Begins to match"
            of={begins}
            row={<Names of={begins} />}
          />
          <Line
            icon={Minus}
            tone="text-warn"
            says="Ceases to match"
            of={ceases}
            row={<Names of={ceases} />}
          />
          <Line
            icon={MoveRight}
            tone="text-text-2"
            says="Is deployed elsewhere"
            of={moves}
            row={<Moves of={moves} />}
          />
          {same && <li className="px-3 py-2.5 text-text-2">What matches stays the same.</li>}
        </ul>
      </Panel>
      <p className="mt-2 text-meta text-text-2">
        Saving deploys and removes nothing: {NEXT[form.event]}.
        {ceases.length + moves.length > 0 && ' Stacks that are there stay.'}
      </p>
    </section>
  );
}

function Line({
  icon: Icon,
  tone,
  says,
  of,
  row,
}: {
  icon: LucideIcon;
  tone: string;
  says: string;
  of: readonly unknown[];
  row: ReactNode;
}) {
  if (of.length === 0) return null;
  return (
    <li className="flex items-start gap-2.5 px-3 py-2.5">
      <Icon size={16} className={`mt-0.5 shrink-0 ${tone}`} aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="font-medium">
          {says} <span className="font-normal text-text-2 tabular-nums">{of.length}</span>
        </p>
        {row}
      </div>
    </li>
  );
}

/** As many as one reads; the list of what would match has them all. */
const FEW = 8;

function Names({ of }: { of: readonly RuleMatch[] }) {
  return (
    <p className="flex flex-wrap gap-x-3 text-meta leading-5">
      {of.slice(0, FEW).map((item) => (
        <Name key={`${item.kind} ${item.number ?? item.name}`} item={item} />
      ))}
      <Rest of={of} />
    </p>
  );
}

function Moves({ of }: { of: Effect['moves'] }) {
  return (
    <ul className="text-meta leading-5">
      {of.slice(0, FEW).map(({ from, to }) => (
        <li key={`${to.kind} ${to.number ?? to.name}`} className="break-words">
          <Name item={to} />: from <Place of={from} /> to <Place of={to} />
        </li>
      ))}
      <li className="empty:hidden">
        <Rest of={of} />
      </li>
    </ul>
  );
}

function Rest({ of }: { of: readonly unknown[] }) {
  if (of.length <= FEW) return null;
  return <span className="text-text-2">and {count(of.length - FEW, 'other')}</span>;
}

function Name({ item: { name, number } }: { item: RuleMatch }) {
  return (
    <span>
      {number !== null && `#${number} `}
      <code className="font-mono break-all">{name}</code>
    </span>
  );
}

function Place({ of: { environment, host } }: { of: RuleMatch }) {
  return (
    <>
      <code className="font-mono break-all">{environment}</code> at{' '}
      <code className="font-mono break-all">{host}</code>
    </>
  );
}
