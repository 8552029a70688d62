/** Of a rule's form, what decides of events: what is asked about, and nothing else. */
import { useMemo } from 'react';

import type { Rule, RuleDraft } from '~/api/schema.gen';
import { useDebounced } from '~/lib/debounce';

import { toDraft, toForm, type RuleForm } from './draft';

const PAUSE_MS = 400;

/** Of a draft, only what decides: its name and the like must not ask anew. */
function deciding(form: RuleForm): RuleDraft {
  return {
    ...toDraft(form),
    name: 'draft',
    policy: null,
    compose_file: 'compose.yaml',
    on_registry_failure: 'fail',
    priority: 'normal',
    at_once: null,
  };
}

/** The same of a rule that is there. */
export const decidingOf = (rule: Rule): RuleDraft => deciding(toForm(rule));

export type Deciding = {
  /** What decides of the form, once whoever types pauses; the same object until it differs. */
  draft: RuleDraft;
  /** Whether the form still is as the draft says. */
  settled: boolean;
};

/** Once a page, so that all that is said there is of the same draft. */
export function useDeciding(form: RuleForm): Deciding {
  const now = JSON.stringify(deciding(form));
  const paused = useDebounced(now, PAUSE_MS);
  const draft = useMemo(() => JSON.parse(paused) as RuleDraft, [paused]);
  return { draft, settled: now === paused };
}
