import { ApiError } from '~/api/client';
import type { Freeze, OnDrift, OnFailure, StackSettings, VolumePolicy } from '~/api/schema.gen';
import { messageOf } from '~/lib/text';

/** A freeze as its form holds it: times are those of the person's clock. */
export type FreezeForm = {
  /** Tells rows apart while some come and go. */
  key: number;
  from: string;
  until: string;
  reason: string;
  /** What it was read from: a field that was not touched keeps its seconds. */
  was?: Freeze;
};

export type SettingsForm = {
  on_failure: OnFailure;
  protected: boolean;
  freezes: FreezeForm[];
  drift: OnDrift;
  volumes: VolumePolicy;
  /** As it is typed; of `after_days` alone. */
  volume_days: string;
};

/** What becomes of a stack whose deployment failed, in the form. */
export const ON_FAILURE: Record<OnFailure, { word: string; help: string }> = {
  rollback: {
    word: 'Go back',
    help: 'The stack goes back to what last succeeded.',
  },
  keep: {
    word: 'Keep what failed',
    help: 'What was applied stays, so that one can look into it: nothing is healed, and what served may not serve.',
  },
};

/** What becomes of what somebody changed by hand, in the form. */
export const ON_DRIFT: Record<OnDrift, { word: string; help: string }> = {
  heal: {
    word: 'Put it back',
    help: 'What differs from the release is put back as soon as it is seen.',
  },
  show: {
    word: 'Only show it',
    help: 'What differs from the release is shown, and stays until the next deployment.',
  },
};

/** What becomes of volumes once their stack is gone, in the form. */
export const VOLUMES: Record<VolumePolicy, { word: string; help: string }> = {
  keep: {
    word: 'Keep',
    help: 'They stay on their nodes until somebody removes them there.',
  },
  with_stack: {
    word: 'Delete',
    help: 'They are deleted with all their data. Nothing brings the data back.',
  },
  after_days: {
    word: 'Delete later',
    help: 'Until then, a stack that comes back under the same name finds its data.',
  },
};

/** "2026-11-27T09:30" by the person's clock, as the browser's own field writes it. */
export function toLocal(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function fromLocal(text: string, was: string | undefined): string {
  if (was !== undefined && toLocal(was) === text) return was;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

export function toForm(settings: StackSettings): SettingsForm {
  return {
    on_failure: settings.on_failure,
    protected: settings.protected,
    freezes: settings.freezes.map((was, key) => ({
      key,
      from: toLocal(was.from),
      until: toLocal(was.until),
      reason: was.reason,
      was,
    })),
    drift: settings.drift,
    volumes: settings.volumes.policy,
    volume_days: String(settings.volumes.days ?? 30),
  };
}

export function toSettings(form: SettingsForm): StackSettings {
  return {
    on_failure: form.on_failure,
    protected: form.protected,
    freezes: form.freezes.map(({ from, until, reason, was }) => ({
      from: fromLocal(from, was?.from),
      until: fromLocal(until, was?.until),
      reason: reason.trim(),
    })),
    drift: form.drift,
    volumes: {
      policy: form.volumes,
      // What is no number is the server's to refuse, beside its field.
      days: form.volumes === 'after_days' ? Number.parseInt(form.volume_days, 10) || 0 : null,
    },
  };
}

export const isSame = (form: SettingsForm, settings: StackSettings): boolean =>
  JSON.stringify(toSettings(form)) === JSON.stringify(toSettings(toForm(settings)));

/** A freeze that nobody has said anything of yet: from the next full hour on, for a day. */
export function newFreeze(form: SettingsForm, now: number): FreezeForm {
  const hour = 60 * 60_000;
  const from = Math.ceil(now / hour) * hour;
  return {
    key: Math.max(-1, ...form.freezes.map(({ key }) => key)) + 1,
    from: toLocal(new Date(from).toISOString()),
    until: toLocal(new Date(from + 24 * hour).toISOString()),
    reason: '',
  };
}

/** Whether a freeze is over, goes on, or is yet to come. */
export function stands(
  { from, until }: Pick<Freeze, 'from' | 'until'>,
  now: number,
): 'over' | 'now' | 'later' {
  if (Date.parse(until) <= now) return 'over';
  return Date.parse(from) <= now ? 'now' : 'later';
}

/** What saving brings about at once, a sentence each. */
export function consequences(before: StackSettings, after: StackSettings, now: number): string[] {
  const said: string[] = [];
  const isFrozen = ({ freezes }: StackSettings) => freezes.some((it) => stands(it, now) === 'now');
  if (before.protected && !after.protected)
    said.push('What waits for approval no longer waits for it.');
  if (!before.protected && after.protected) {
    said.push('A deployment that is not being applied yet waits until somebody approves it.');
  }
  if (isFrozen(before) && !isFrozen(after))
    said.push('What waits for a freeze to end no longer waits for it.');
  if (!isFrozen(before) && isFrozen(after)) {
    said.push('A deployment that is not being applied yet waits until the freeze ends.');
  }
  if (before.on_failure === 'keep' && after.on_failure === 'rollback') {
    said.push(
      'If what runs is what failed and was kept, the stack goes back to what last succeeded.',
    );
  }
  if (before.drift === 'show' && after.drift === 'heal') {
    said.push('What differs from the release is put back at once.');
  }
  if (before.volumes.policy !== 'with_stack' && after.volumes.policy === 'with_stack') {
    said.push('Whoever removes the stack deletes its data.');
  }
  return said;
}

export type SettingsFaults = {
  /** By pointer, such as `freezes/0/reason`. */
  fields: Record<string, string>;
  rest: string | null;
};

const SHOWN = /^(?:volumes\/days|freezes|freezes\/\d+\/(?:from|until|reason))$/;

/** The server's complaints, sorted to the fields of the form; the rest must not get lost. */
export function sortSettingsFaults(error: unknown): SettingsFaults {
  if (!(error instanceof ApiError)) return { fields: {}, rest: messageOf(error) };
  const fields: Record<string, string> = {};
  const rest: string[] = [];
  for (const { pointer, detail } of error.faults) {
    const name = pointer.replace(/^#?\//, '');
    if (SHOWN.test(name)) fields[name] ??= detail;
    else rest.push(detail);
  }
  if (error.faults.length === 0) rest.push(error.message);
  return { fields, rest: rest.length > 0 ? rest.join(' ') : null };
}
