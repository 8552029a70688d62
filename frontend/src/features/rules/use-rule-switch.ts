/** Switches a rule of the list on and off: at once, with an Undo, and back where it is refused. */
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { updateRule } from '~/api/mutations';
import { rulesQuery } from '~/api/queries';
import type { Rule } from '~/api/schema.gen';
import { say } from '~/ui/say';

import { toDraft, toForm } from './draft';

async function setEnabled(client: QueryClient, rule: Rule, enabled: boolean): Promise<Rule> {
  const { queryKey } = rulesQuery();
  const show = (next: Rule) =>
    client.setQueryData(
      queryKey,
      (known) =>
        known && {
          ...known,
          pages: known.pages.map((page) => ({
            ...page,
            items: page.items.map((it) => (it.id === next.id ? next : it)),
          })),
        },
    );
  const next = { ...rule, enabled };
  // What is being read is of before.
  await client.cancelQueries({ queryKey });
  show(next);
  try {
    const { value } = await updateRule(rule.id, `"${rule.version}"`, toDraft(toForm(next)));
    show(value);
    // The editor would begin with the version of before.
    void client.invalidateQueries({ queryKey: ['rule', rule.id] });
    return value;
  } catch (failure) {
    show(rule);
    // Somebody else may have changed it.
    void client.invalidateQueries({ queryKey });
    throw failure;
  }
}

export function useRuleSwitch() {
  const client = useQueryClient();
  const [busy, setBusy] = useState<ReadonlySet<string>>(new Set());
  const [failed, setFailed] = useState<{ rule: Rule; error: unknown }>();
  const change = async (rule: Rule, enabled: boolean) => {
    setFailed(undefined);
    setBusy((now) => new Set([...now, rule.id]));
    try {
      const saved = await setEnabled(client, rule, enabled);
      say(`${rule.name} is ${enabled ? 'on' : 'off'}`, () => setEnabled(client, saved, !enabled));
    } catch (error) {
      setFailed({ rule, error });
    }
    setBusy((now) => new Set([...now].filter((id) => id !== rule.id)));
  };
  return { busy, failed, change: (rule: Rule, enabled: boolean) => void change(rule, enabled) };
}
