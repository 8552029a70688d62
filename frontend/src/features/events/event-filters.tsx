import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useId, useState } from 'react';

import { stacksQuery } from '~/api/queries';
import type { EventKind } from '~/api/schema.gen';
import { useDebounced } from '~/lib/debounce';
import { chipClass } from '~/ui/chip';
import { Search as SearchField } from '~/ui/search';
import { Select } from '~/ui/select';

import { spanLabel, SPANS, type Search } from './filter';

/** What the list of events is narrowed to. All of it is in the address, and the server's to do. */

const KINDS: readonly { kind: EventKind | undefined; label: string }[] = [
  { kind: undefined, label: 'All' },
  { kind: 'delivery', label: 'Deliveries' },
  { kind: 'deployment', label: 'Deployments' },
  { kind: 'person', label: 'People' },
  { kind: 'berth', label: 'Berth' },
];

export function EventFilters({ search }: { search: Search }) {
  const navigate = useNavigate();
  const { kind, stack, actor, q, since } = search;
  // Whatever is open belongs to the list as it was.
  const rest = { ...search, id: undefined };
  const go = (part: Partial<Search>) =>
    void navigate({ to: '/events', search: { ...rest, ...part }, replace: true });
  return (
    <div role="search" className="mb-3 flex flex-wrap items-center gap-2">
      <SearchField
        label="Search the events"
        value={q ?? ''}
        onChange={(next) => go({ q: next || undefined })}
      />
      {stack ? (
        <Narrowed name="Stack" value={stack} without={{ ...rest, stack: undefined }} />
      ) : (
        <StackField onPick={(name) => go({ stack: name })} />
      )}
      <Select
        aria-label="Time range"
        value={since ?? ''}
        onChange={({ target: { value } }) => go({ since: value || undefined })}
        className="max-sm:flex-1"
      >
        <option value="">All time</option>
        {since && SPANS.every(({ value }) => value !== since) && (
          <option value={since}>{spanLabel(since)}</option>
        )}
        {SPANS.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
      {actor && <Narrowed name="By" value={actor} without={{ ...rest, actor: undefined }} />}
      <nav aria-label="Kinds" className="flex flex-wrap gap-1">
        {KINDS.map(({ kind: it, label }) => (
          <Link
            key={label}
            to="/events"
            search={{ ...rest, kind: it }}
            aria-current={kind === it ? 'true' : undefined}
            className={chipClass({ on: kind === it })}
          >
            {label}
          </Link>
        ))}
      </nav>
    </div>
  );
}

/** How a browser calls it when something of the list is put into the field. */
const CHOSEN = 'insertReplacementText';

/**
 * The name of a stack: one that is there is offered as one types, and one that is gone can be typed
 * whole, as its events are still here.
 */
function StackField({ onPick }: { onPick: (name: string) => void }) {
  const list = useId();
  const [draft, setDraft] = useState('');
  const [used, setUsed] = useState(false);
  const q = useDebounced(draft.trim(), 150);
  const query = useInfiniteQuery({ ...stacksQuery({ q: q || undefined }), enabled: used });
  const names = query.data?.pages[0]?.items.map(({ name }) => name) ?? [];
  return (
    <form
      className="max-sm:flex-1"
      onSubmit={(event) => {
        event.preventDefault();
        if (draft.trim()) onPick(draft.trim());
      }}
    >
      <input
        type="search"
        aria-label="Stack"
        placeholder="Stack…"
        list={list}
        autoComplete="off"
        spellCheck={false}
        value={draft}
        onFocus={() => setUsed(true)}
        onChange={({ target: { value }, nativeEvent }) => {
          setDraft(value);
          // Whoever chooses from the list is done; whoever types a name says so with Enter.
          const how = 'inputType' in nativeEvent ? nativeEvent.inputType : CHOSEN;
          if (how === CHOSEN && names.includes(value)) onPick(value);
        }}
        className="h-8 w-full rounded-control border border-line-strong bg-surface px-2.5 text-ui sm:w-40"
      />
      <datalist id={list}>
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </datalist>
    </form>
  );
}

/** What the list is narrowed to; a link to the list without that. */
function Narrowed({ name, value, without }: { name: string; value: string; without: Search }) {
  return (
    <Link
      to="/events"
      search={without}
      aria-label={`${name} ${value}: show all again`}
      className="inline-flex h-8 max-w-64 items-center gap-1.5 rounded-control border border-line-strong px-2.5 text-ui hover:bg-hover"
    >
      <span className="text-text-2">{name}</span>{' '}
      <span className="truncate font-medium">{value}</span>
      <X size={14} aria-hidden className="shrink-0 text-text-3" />
    </Link>
  );
}
