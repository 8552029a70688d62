import { Link } from '@tanstack/react-router';

import type { DeploymentStory } from '~/api/schema.gen';
import { Said } from '~/ui/said';

import { TRIGGER_WORDS } from './words';

/**
 * Why a deployment began, and where both halves of that can be looked up: the rule as it is now, and
 * what happened then. It explains nothing of what came of it: that is the phases'.
 */

const LINK = 'underline decoration-line-strong underline-offset-2 hover:text-accent';

export function Why({ deployment }: { deployment: DeploymentStory }) {
  return (
    <p className="mt-0.5 flex flex-wrap gap-x-3 gap-y-1 text-ui text-text-2">
      <span className="min-w-0 break-words">
        <Said text={deployment.why} />
      </span>
      <RuleLink deployment={deployment} label={`Rule ${deployment.rule_name}`} />
      <EventLink deployment={deployment} />
    </p>
  );
}

/** The rule that matched, as it was called then; where it is gone, only what it was called. */
export function RuleLink({ deployment, label }: { deployment: DeploymentStory; label: string }) {
  const { rule_id, rule_name } = deployment;
  if (!rule_name) return null;
  if (!rule_id) return <span>{label}, gone since</span>;
  return (
    <Link to="/rules/$id" params={{ id: rule_id }} className={LINK}>
      {label}
    </Link>
  );
}

/** The delivery that began it; of what somebody asked for, the lines that tell of it. */
function EventLink({ deployment }: { deployment: DeploymentStory }) {
  const { delivery_id, number, stack, trigger } = deployment;
  return (
    <Link
      to="/events"
      search={delivery_id ? { id: delivery_id } : { stack, q: `#${number}` }}
      className={LINK}
    >
      {delivery_id ? `Event: ${TRIGGER_WORDS[trigger]}` : 'Its events'}
    </Link>
  );
}
