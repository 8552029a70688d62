import { useQuery } from '@tanstack/react-query';

import { Loaded } from '~/api/loaded';
import { settingsQuery } from '~/api/queries';
import type { Setting, SettingTopic } from '~/api/schema.gen';
import { Panel, Section } from '~/ui/page';
import { Said } from '~/ui/said';

import { facts } from './facts';

const TOPICS = {
  addresses: 'Addresses',
  retention: 'Retention',
  pruning: 'Pruning',
  reconciling: 'Reconciling',
  restricted: 'Restricted environments',
} satisfies Record<SettingTopic, string>;

/** What this Berth was started with. Each fact names what sets it, since nothing here can. */
export function GeneralSettings() {
  const query = useQuery(settingsQuery());
  return (
    <>
      <p className="mb-5 text-ui text-text-2">
        What this Berth was started with. To change one, set its variable (or flag) for{' '}
        <code className="font-mono text-meta">berth serve</code> and restart Berth.
      </p>
      <Loaded query={query} what="the settings">
        {({ items }) => (
          <>
            {facts(items).map(([topic, settings]) => (
              <Section key={topic} title={TOPICS[topic]}>
                <Panel>
                  <dl className="divide-y divide-line text-ui">
                    {settings.map((setting) => (
                      <Fact key={setting.variable ?? setting.what} setting={setting} />
                    ))}
                  </dl>
                </Panel>
              </Section>
            ))}
          </>
        )}
      </Loaded>
    </>
  );
}

function Fact({ setting: { what, value, variable } }: { setting: Setting }) {
  return (
    <div className="grid gap-x-6 gap-y-1 px-3 py-2.5 sm:grid-cols-[minmax(0,1fr)_fit-content(45%)]">
      <dt className="min-w-0">
        <Said text={what} />
        {variable ? (
          <code className="block font-mono text-meta break-all text-text-2">{variable}</code>
        ) : (
          <span className="block text-meta text-text-2">Fixed</span>
        )}
      </dt>
      <dd className="min-w-0 font-medium break-words sm:text-right">
        {value || <span className="font-normal text-text-2">Not set</span>}
      </dd>
    </div>
  );
}
