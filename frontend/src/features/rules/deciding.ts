import { useMemo } from 'react';

import type { RuleDraft } from '~/api/schema.gen';
import { useDebounced } from '~/lib/debounce';

import { toDraft, type RuleForm } from './draft';

const PAUSE_MS = 400;

/** Of a draft, only what decides: its name and the like must not ask anew. */
function deciding(form: RuleForm): string {
  const draft: RuleDraft = { ...toDraft(form), name: 'draft', policy: null };
  return JSON.stringify({
    ...draft,
    compose_file: 'compose.yaml',
    on_registry_failure: 'fail',
    priority: 'normal',
    at_once: null,
  });
}

/** What decides of a form, once whoever types pauses; the same object until it differs. */
export function useDeciding(form: RuleForm): RuleDraft {
  const settled = useDebounced(deciding(form), PAUSE_MS);
  return useMemo(() => JSON.parse(settled) as RuleDraft, [settled]);
}
