import { Link } from '@tanstack/react-router';
import { Bot, User } from 'lucide-react';

import type { Act, ActKind } from '~/api/schema.gen';
import { asSentence } from '~/lib/text';
import { Said } from '~/ui/said';
import { Ago } from '~/ui/time';

import type { Search } from './filter';
import { planWords } from './plan-words';

/** What stands between who did it and what it was done to. */
const VERBS = {
  deployed: 'deployed',
  rolled_back: 'rolled back',
  restarted: 'restarted',
  retried: 'retried',
  cancelled: 'stopped the deployment',
  approved: 'approved the deployment',
  rejected: 'rejected the deployment',
  freeze_overridden: 'let through the freeze the deployment',
  prune_approved: 'let Berth remove',
  replayed: 'replayed the delivery',
  paused: 'paused',
  resumed: 'resumed',
  stack_removed: 'asked to remove',
  settings_changed: 'changed the settings of',
  rule_made: 'wrote the rule',
  rule_changed: 'changed the rule',
  rule_removed: 'removed the rule',
  registry_set: 'stored the login to',
  registry_removed: 'removed the login to',
  token_made: 'created the API token',
  token_revoked: 'revoked the API token',
  member_invited: 'invited',
  invitation_revoked: 'revoked the invitation of',
  member_joined: 'accepted the invitation of',
  role_changed: 'changed the role of',
  member_removed: 'removed the member',
  healed: 'put back',
  pruned: 'removed what was left over of',
  gave_up: 'gave up putting back',
  held: 'holds the deployment',
  stack_gone: 'removed all of',
  orphan_removed: 'removed what nothing asks for:',
  led: 'took the lead in the replica',
} satisfies Record<ActKind, string>;

/** What somebody, or Berth itself, did: a sentence, and where it shows. */
export function ActRow({ act, at, search }: { act: Act; at: string; search: Search }) {
  const person = act.actor !== 'Berth' || act.user_id !== null;
  const Icon = person ? User : Bot;
  return (
    <div className="grid grid-cols-[16px_minmax(0,1fr)] gap-x-3 px-3 py-2 text-ui lg:grid-cols-[16px_minmax(0,1fr)_auto] lg:items-center">
      <Icon
        size={14}
        className="text-text-3 max-lg:mt-0.5"
        role="img"
        aria-label={person ? 'A person:' : 'Berth itself:'}
      />
      <div className="min-w-0">
        <p className="break-words">
          <Link
            to="/events"
            search={{ ...search, id: undefined, actor: act.actor }}
            title={`Only what ${act.actor} did`}
            className="font-medium underline-offset-2 hover:underline"
          >
            {act.actor}
          </Link>{' '}
          {VERBS[act.kind]} <Subject act={act} />
        </p>
        {act.detail && (
          <p className="text-meta break-words text-text-2">
            <Said text={told(act.detail)} />
          </p>
        )}
      </div>
      <span className="text-meta text-text-2 max-lg:col-start-2 lg:text-right">
        <Ago at={at} />
      </span>
    </div>
  );
}

/** A sentence begins like one; a repository or an address stays as it is written. */
const told = (detail: string) =>
  detail.includes(' ') ? asSentence(planWords(detail) ?? detail) : detail;

const LINK = 'font-medium underline decoration-line-strong underline-offset-2 hover:text-accent';

function Subject({ act: { kind, subject, stack, number } }: { act: Act }) {
  if (kind === 'replayed') {
    return (
      <Link to="/events" search={{ id: subject }} className={LINK}>
        {subject.slice(0, 8)}
      </Link>
    );
  }
  if (stack && number !== null) {
    return (
      <Link
        to="/stacks/$stack/deployments/$number"
        params={{ stack, number: String(number) }}
        className={LINK}
      >
        {stack} #{number}
      </Link>
    );
  }
  if (stack && kind !== 'stack_gone') {
    return (
      <Link to="/stacks/$stack" params={{ stack }} className={LINK}>
        {stack}
      </Link>
    );
  }
  return <span className="font-medium">{kind === 'led' ? subject.slice(0, 8) : subject}</span>;
}
