import { useStore } from '~/lib/store';
import { minutes } from '~/lib/time';
import { Button } from '~/ui/button';
import { TextField } from '~/ui/field';
import { Panel } from '~/ui/page';
import { Tag } from '~/ui/tag';

import { stands, type FreezeForm } from './settings';

const TAGS = {
  over: { tone: 'idle', word: 'over' },
  now: { tone: 'warn', word: 'frozen now' },
  later: { tone: 'run', word: 'to come' },
} as const;

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The times in which nothing is deployed, each a row that can be changed or removed. */
export function Freezes({
  freezes,
  faults,
  onChange,
}: {
  freezes: readonly FreezeForm[];
  /** By pointer, such as `freezes/0/reason`. */
  faults: Readonly<Record<string, string>>;
  onChange: (freezes: FreezeForm[]) => void;
}) {
  const now = useStore(minutes);
  const put = (key: number, part: Partial<FreezeForm>) =>
    onChange(freezes.map((it) => (it.key === key ? { ...it, ...part } : it)));
  return (
    <>
      <p className="mb-3 text-ui text-text-2">
        Nothing is deployed during a freeze. What arrives is prepared and waits. Healing goes on. An
        admin can let a single deployment through.
      </p>
      {faults.freezes && <p className="mb-3 text-meta font-medium text-bad">{faults.freezes}</p>}
      {freezes.length === 0 ? (
        <Panel>
          <p className="px-3 py-3 text-ui text-text-2">No freezes. Deployments go at any time.</p>
        </Panel>
      ) : (
        <Panel>
          <ul className="divide-y divide-line">
            {freezes.map((freeze, place) => {
              const { key, from, until, reason } = freeze;
              const tag = from && until ? TAGS[stands(freeze, now)] : undefined;
              const name = reason.trim() || `freeze ${place + 1}`;
              return (
                <li key={key} className="px-3 py-3">
                  <fieldset className="min-w-0">
                    <legend className="sr-only">Freeze {place + 1}</legend>
                    <div className="grid gap-3 sm:grid-cols-2">
                      <TextField
                        label="From"
                        type="datetime-local"
                        value={from}
                        error={faults[`freezes/${place}/from`]}
                        onChange={(event) => put(key, { from: event.target.value })}
                      />
                      <TextField
                        label="Until"
                        type="datetime-local"
                        value={until}
                        error={faults[`freezes/${place}/until`]}
                        onChange={(event) => put(key, { until: event.target.value })}
                      />
                    </div>
                    <div className="mt-3">
                      <TextField
                        label="Reason"
                        placeholder="Black Friday"
                        autoComplete="off"
                        value={reason}
                        error={faults[`freezes/${place}/reason`]}
                        onChange={(event) => put(key, { reason: event.target.value })}
                      />
                    </div>
                    <div className="mt-2 flex items-center gap-2">
                      {tag && <Tag tone={tag.tone}>{tag.word}</Tag>}
                      <span className="min-w-0 truncate text-meta text-text-2">
                        By your clock, {ZONE}
                      </span>
                      <span className="ml-auto">
                        <Button
                          size="small"
                          kind="quiet"
                          aria-label={`Remove ${name}`}
                          onClick={() => onChange(freezes.filter((it) => it.key !== key))}
                        >
                          Remove
                        </Button>
                      </span>
                    </div>
                  </fieldset>
                </li>
              );
            })}
          </ul>
        </Panel>
      )}
    </>
  );
}
