import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';

import { useDenied } from '~/api/access';
import { isStatus } from '~/api/client';
import { Loaded } from '~/api/loaded';
import { setStackSettings } from '~/api/mutations';
import { stackSettingsQuery } from '~/api/queries';
import type { OnDrift, OnFailure, StackSettings, VolumePolicy } from '~/api/schema.gen';
import { useStore } from '~/lib/store';
import { minutes } from '~/lib/time';
import { useTitle } from '~/lib/title';
import { Bar } from '~/ui/bar';
import { Button } from '~/ui/button';
import { CheckField, ChoiceField, TextField } from '~/ui/field';
import { Page, Section } from '~/ui/page';
import { say } from '~/ui/say';
import { Unsaved } from '~/ui/unsaved';

import { Freezes } from './settings-freezes';
import {
  consequences,
  isSame,
  newFreeze,
  ON_DRIFT,
  ON_FAILURE,
  sortSettingsFaults,
  toForm,
  toSettings,
  VOLUMES,
  type SettingsFaults,
} from './settings';

const CHOICES = (Object.keys(ON_FAILURE) as OnFailure[]).map((value) => ({
  value,
  label: ON_FAILURE[value].word,
}));

const DRIFT_CHOICES = (Object.keys(ON_DRIFT) as OnDrift[]).map((value) => ({
  value,
  label: ON_DRIFT[value].word,
}));

const VOLUME_CHOICES = (Object.keys(VOLUMES) as VolumePolicy[]).map((value) => ({
  value,
  label: VOLUMES[value].word,
}));

export function StackSettingsPage({ name }: { name: string }) {
  const query = useQuery(stackSettingsQuery(name));
  useTitle(`Settings · ${name}`);
  return (
    <Page>
      <Loaded query={query} what="the settings">
        {({ value, etag }) => <SettingsForm key={name} name={name} newest={{ value, etag }} />}
      </Loaded>
    </Page>
  );
}

type Read = { value: StackSettings; etag: string | null };
const NO_FAULTS: SettingsFaults = { fields: {}, rest: null };

/** Exported for its tests. */
export function SettingsForm({ name, newest }: { name: string; newest: Read }) {
  const client = useQueryClient();
  const denied = useDenied('admin');
  // The version that this form began with: a newer one that arrives meanwhile must not lend its
  // ETag to values that were never read from it.
  const [read, setRead] = useState(newest);
  const [form, setForm] = useState(() => toForm(newest.value));
  const [faults, setFaults] = useState(NO_FAULTS);
  const [conflict, setConflict] = useState(false);
  const [busy, setBusy] = useState(false);
  const now = useStore(minutes);
  const dirty = !isSame(form, read.value);
  const behind = newest.etag !== read.etag;

  const take = (theirs: Read) => {
    setRead(theirs);
    setForm(toForm(theirs.value));
    setFaults(NO_FAULTS);
    setConflict(false);
  };
  // Nothing of the person's own is lost: then the newest is what the form begins with.
  if (behind && !dirty && !busy) {
    setRead(newest);
    setForm(toForm(newest.value));
  }

  const save = async () => {
    setBusy(true);
    setFaults(NO_FAULTS);
    setConflict(false);
    try {
      const before = read.value;
      const put = async (etag: string | null, settings: StackSettings) => {
        const stored = await setStackSettings(name, etag ?? '*', settings);
        client.setQueryData(stackSettingsQuery(name).queryKey, stored);
        return stored;
      };
      const saved = await put(read.etag, toSettings(form));
      take(saved);
      say('Settings saved', () => put(saved.etag, before));
    } catch (failure) {
      if (isStatus(failure, 412)) setConflict(true);
      else setFaults(sortSettingsFaults(failure));
    } finally {
      setBusy(false);
    }
  };

  const effects = dirty ? consequences(read.value, toSettings(form), now) : [];
  return (
    <form
      noValidate
      className="max-w-180"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <fieldset disabled={Boolean(denied)} className="min-w-0">
        <legend className="sr-only">Settings of {name}</legend>
        {denied && <p className="mb-4 text-ui text-text-2">{denied}</p>}
        <div className="mb-7 max-w-88">
          <ChoiceField
            label="When a deployment fails"
            name="on_failure"
            options={CHOICES}
            value={form.on_failure}
            onChange={(on_failure) => setForm({ ...form, on_failure })}
            hint={ON_FAILURE[form.on_failure].help}
          />
        </div>
        <div className="mb-7 max-w-88">
          <ChoiceField
            label="When something is changed by hand"
            name="drift"
            options={DRIFT_CHOICES}
            value={form.drift}
            onChange={(drift) => setForm({ ...form, drift })}
            hint={ON_DRIFT[form.drift].help}
          />
        </div>
        <div className="mb-7 max-w-88 space-y-3">
          <ChoiceField
            label="Volumes, when the stack is removed"
            name="volumes"
            options={VOLUME_CHOICES}
            value={form.volumes}
            onChange={(volumes) => setForm({ ...form, volumes })}
            hint={VOLUMES[form.volumes].help}
          />
          {form.volumes === 'after_days' && (
            <TextField
              label="Days to keep them"
              name="volume_days"
              inputMode="numeric"
              value={form.volume_days}
              onChange={(event) => setForm({ ...form, volume_days: event.target.value })}
              error={faults.fields['volumes/days']}
            />
          )}
        </div>
        <div className="mb-7">
          <CheckField
            label="Each deployment waits until somebody approves it"
            hint="Also for rollbacks. Whoever may deploy may approve, even their own. Healing goes on."
            checked={form.protected}
            onChange={(event) => setForm({ ...form, protected: event.target.checked })}
          />
        </div>
        <Section
          title="Freezes"
          aside={
            <Button
              size="small"
              disabledReason={denied}
              onClick={() =>
                setForm({ ...form, freezes: [...form.freezes, newFreeze(form, Date.now())] })
              }
            >
              <Plus size={14} aria-hidden />
              Add freeze
            </Button>
          }
        >
          <Freezes
            freezes={form.freezes}
            faults={faults.fields}
            onChange={(freezes) => {
              setForm({ ...form, freezes });
              // Places moved: what was said of them is no longer at its row.
              if (freezes.length !== form.freezes.length) setFaults(NO_FAULTS);
            }}
          />
        </Section>
      </fieldset>
      <div className="space-y-3">
        {(conflict || (behind && dirty && !busy)) && (
          <Bar tone="warn" role="alert">
            <p className="font-semibold">Somebody else changed these settings in the meantime.</p>
            <p className="mb-2">
              Saving now would undo their change. What you chose is still here.
            </p>
            <Button
              size="small"
              onClick={() =>
                void client
                  .fetchQuery({ ...stackSettingsQuery(name), staleTime: 0 })
                  .then(take, (failure: unknown) => setFaults(sortSettingsFaults(failure)))
              }
            >
              Load their version and drop mine
            </Button>
          </Bar>
        )}
        {faults.rest && (
          <Bar tone="bad" role="alert">
            <strong className="font-semibold">Could not save.</strong> {faults.rest}
          </Bar>
        )}
        {effects.length > 0 && (
          <Bar tone="run" role="status">
            <p className="font-semibold">Once you save</p>
            {effects.map((sentence) => (
              <p key={sentence}>{sentence}</p>
            ))}
          </Bar>
        )}
        <div className="flex flex-wrap items-center gap-2">
          <Button
            kind="primary"
            type="submit"
            busy={busy}
            disabledReason={denied ?? (dirty ? undefined : 'Nothing is changed.')}
          >
            Save settings
          </Button>
          {dirty && (
            <Button kind="quiet" onClick={() => take(read)}>
              Discard
            </Button>
          )}
          {dirty && <span className="text-ui text-text-2">Nothing changes until you save.</span>}
        </div>
      </div>
      <Unsaved dirty={dirty} busy={busy} what="these settings" />
    </form>
  );
}
