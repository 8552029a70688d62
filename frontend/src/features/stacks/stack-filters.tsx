import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { stackChoicesQuery, type StackFilter } from '~/api/queries';
import { buttonClass } from '~/ui/button';
import { RepositoryOptions, Select } from '~/ui/select';
import { wordOf } from '~/ui/status';

import { readStackSearch, STATES } from './search';

/**
 * What the list of stacks can be narrowed to beyond its name and kind, and its order. The server
 * does all of it: this only writes the address. Its code comes once somebody opens it.
 */
export function StackFilters({ filter }: { filter: StackFilter }) {
  const navigate = useNavigate();
  const { data: choices } = useQuery(stackChoicesQuery());
  const { env, health, repo, sort, sync } = filter;
  const go = (part: Record<string, unknown>) =>
    void navigate({ to: '/', search: readStackSearch({ ...filter, ...part }), replace: true });
  const environments = choices?.environments ?? [];
  return (
    <div className="mb-3 grid grid-cols-2 gap-2 sm:flex sm:flex-wrap">
      <Choice label="Environment" value={env} onChange={(value) => go({ env: value })}>
        <option value="">Every environment</option>
        {/* What an address names stays chosen, where no stack has it, and of a preview. */}
        {env && !environments.includes(env) && <option>{env}</option>}
        {environments.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Choice>
      <Choice label="Health" value={health} onChange={(value) => go({ health: value })}>
        <option value="">Any health</option>
        {STATES.map((state) => (
          <option key={state} value={state}>
            {wordOf(state)}
          </option>
        ))}
      </Choice>
      <Choice label="Sync" value={sync} onChange={(value) => go({ sync: value })}>
        <option value="">In sync or drifted</option>
        <option value="synced">In sync</option>
        <option value="drifted">Drifted</option>
      </Choice>
      <Choice label="Repository" value={repo} onChange={(value) => go({ repo: value })}>
        <RepositoryOptions all={choices?.repositories} chosen={repo} />
      </Choice>
      <Choice label="Order" value={sort} onChange={(value) => go({ sort: value })}>
        <option value="">By name</option>
        <option value="updated">Last updated first</option>
      </Choice>
      {isNarrowed(filter) && (
        <Link
          to="/"
          search={{ q: filter.q, kind: filter.kind, attention: filter.attention }}
          className={buttonClass({ kind: 'quiet' })}
        >
          Clear
        </Link>
      )}
    </div>
  );
}

/** Whether anything here is set. */
const isNarrowed = ({ env, health, repo, sort, sync }: StackFilter) =>
  Boolean(env ?? health ?? repo ?? sort ?? sync);

function Choice({
  label,
  value,
  onChange,
  children,
}: {
  label: string;
  value: string | number | undefined;
  onChange: (value: string) => void;
  children: ReactNode;
}) {
  return (
    <Select
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.target.value)}
      className="min-w-0 sm:max-w-56"
    >
      {children}
    </Select>
  );
}
