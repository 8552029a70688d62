import { ChevronDown, Clock, Download, WrapText } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';

import { downloadAddress, type LogFilter } from '~/api/container-logs';
import { cn } from '~/lib/cn';
import { Button, buttonClass } from '~/ui/button';
import { Menu, MenuCheck } from '~/ui/menu';
import { Search } from '~/ui/search';
import { Select } from '~/ui/select';

import { chosen, fromField, LEVEL_WORDS, LEVELS, RANGES, toField, type LogSearch } from './filter';

/** Three of them share a line of a phone. */
const SHARED = 'max-sm:min-w-0 max-sm:flex-1';

type Props = {
  stack: string;
  search: LogSearch;
  /** The same, as the server is asked for it. */
  filter: LogFilter;
  services: readonly string[];
  onSearch: (part: Partial<LogSearch>) => void;
  times: boolean;
  onTimes: (on: boolean) => void;
  follow: boolean;
  onFollow: (on: boolean) => void;
  /** Why new lines can't be followed. */
  noFollow: string | undefined;
  counted: string;
};

export function LogsToolbar(props: Props) {
  const { stack, search, filter, onSearch, follow, noFollow } = props;
  const field = useRef<HTMLInputElement>(null);
  const custom = isCustom(search);
  const [between, setBetween] = useState(custom);

  // The browser's own search sees only the lines in sight. Pressed again it is the browser's.
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      if (event.key.toLowerCase() !== 'f' || document.activeElement === field.current) return;
      if (document.querySelector('[role="dialog"],[role="alertdialog"]')) return;
      event.preventDefault();
      field.current?.select();
      field.current?.focus();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  return (
    <div className="border-b border-line px-4 py-2 sm:px-6">
      <div role="search" aria-label="Logs" className="flex flex-wrap items-center gap-2">
        <Services {...props} />
        <Select
          aria-label="Level"
          value={search.level ?? 'debug'}
          onChange={({ target: { value } }) =>
            onSearch({ level: LEVELS.find((level) => level === value && level !== 'debug') })
          }
          className={SHARED}
        >
          {LEVELS.toReversed().map((level) => (
            <option key={level} value={level}>
              {LEVEL_WORDS[level]}
            </option>
          ))}
        </Select>
        <Select
          aria-label="Time range"
          value={between || custom ? 'between' : (search.since ?? '')}
          onChange={({ target: { value } }) => {
            setBetween(value === 'between');
            if (value !== 'between') onSearch({ since: value || undefined, until: undefined });
          }}
          className="max-sm:min-w-0 max-sm:flex-[0.9]"
        >
          <option value="">All time</option>
          {RANGES.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
          <option value="between">Between…</option>
        </Select>
        <Search
          ref={field}
          label="Search the lines"
          keys="/ Control+F Meta+F"
          className="sm:max-lg:grow"
          value={search.q ?? ''}
          onChange={(q) => onSearch({ q: q || undefined })}
        />
        <span className="text-meta text-text-2 tabular-nums">{props.counted}</span>
        <div className="ml-auto flex items-center gap-2">
          <Button
            size="icon"
            aria-label="Wrap long lines"
            title="Wrap long lines (w)"
            aria-keyshortcuts="w"
            aria-pressed={Boolean(search.wrap)}
            onClick={() => onSearch({ wrap: search.wrap ? undefined : true })}
          >
            <WrapText size={16} aria-hidden />
          </Button>
          <Button
            size="icon"
            aria-label="Show times"
            title="Show times"
            aria-pressed={props.times}
            onClick={() => props.onTimes(!props.times)}
          >
            <Clock size={16} aria-hidden />
          </Button>
          <a
            href={downloadAddress(stack, filter)}
            download
            aria-label="Download"
            title="Download these lines as text"
            className={buttonClass({ size: 'icon' })}
          >
            <Download size={16} aria-hidden />
          </a>
          <Button
            aria-keyshortcuts="f"
            aria-pressed={follow}
            disabledReason={noFollow}
            title="New lines as they come (f)"
            onClick={() => props.onFollow(!follow)}
          >
            <span
              aria-hidden
              className={cn('size-2 rounded-full', follow ? 'bg-ok' : 'bg-line-strong')}
            />
            Follow
          </Button>
        </div>
      </div>
      {(between || custom) && <Between filter={filter} onSearch={onSearch} />}
    </div>
  );
}

const isCustom = ({ since, until }: LogSearch): boolean =>
  until !== undefined || (since !== undefined && RANGES.every(({ value }) => value !== since));

function Services({ search, services, onSearch }: Props) {
  const mine = chosen(search);
  const all = [...new Set([...services, ...mine])].toSorted();
  const [one] = mine;
  const label = !one ? 'All services' : mine.length === 1 ? one : `${mine.length} services`;
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          aria-label={`Services: ${label}`}
          className={cn(
            'inline-flex h-8 max-w-44 items-center gap-2 rounded-control border border-line-strong bg-surface px-2.5 text-ui hover:bg-hover sm:min-w-32',
            SHARED,
          )}
        >
          <span className="min-w-0 flex-1 truncate text-left">{label}</span>
          <ChevronDown size={14} className="shrink-0 text-text-3" aria-hidden />
        </button>
      }
    >
      <div className="max-h-80 overflow-y-auto">
        {all.length === 0 && <p className="px-2 py-1.5 text-ui text-text-2">No service yet</p>}
        {all.length > 0 && (
          <MenuCheck checked={mine.length === 0} onChange={() => onSearch({ service: undefined })}>
            All services
          </MenuCheck>
        )}
        {all.map((name) => (
          <MenuCheck
            key={name}
            checked={mine.includes(name)}
            onChange={(on) =>
              onSearch({
                service:
                  (on ? [...mine, name] : mine.filter((it) => it !== name)).toSorted().join(',') ||
                  undefined,
              })
            }
          >
            {name}
          </MenuCheck>
        ))}
      </div>
    </Menu>
  );
}

/** The two ends of a time of one's own choice; taken when one leaves the field. */
function Between({ filter, onSearch }: Pick<Props, 'filter' | 'onSearch'>) {
  const [wrong, setWrong] = useState(false);
  const { since, until } = filter;
  const take = (part: Pick<LogSearch, 'since' | 'until'>) => {
    const next = { since, until, ...part };
    const turned = Date.parse(next.since ?? '') >= Date.parse(next.until ?? '');
    setWrong(turned);
    if (!turned) onSearch(part);
  };
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-2 text-ui text-text-2">
      {/* A new value of the address shows here, too. */}
      <When
        key={`from ${since}`}
        label="From"
        value={since}
        wrong={wrong}
        onChange={(next) => take({ since: next })}
      />
      <When
        key={`to ${until}`}
        label="To"
        value={until}
        wrong={wrong}
        onChange={(next) => take({ until: next })}
      />
      {wrong && (
        <span role="alert" className="text-meta font-medium text-bad">
          The end has to come after the beginning.
        </span>
      )}
    </div>
  );
}

function When({
  label,
  value,
  wrong,
  onChange,
}: {
  label: string;
  value: string | undefined;
  wrong: boolean;
  onChange: (next: string | undefined) => void;
}) {
  const field = toField(value);
  const last = useRef(field);
  const take = (next: string) => {
    if (next === last.current) return;
    last.current = next;
    onChange(fromField(next));
  };
  return (
    <label className="flex items-center gap-2">
      {label}
      <input
        type="datetime-local"
        step={1}
        defaultValue={field}
        aria-invalid={wrong || undefined}
        onBlur={(event) => take(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') take(event.currentTarget.value);
        }}
        className="h-8 rounded-control border border-line-strong bg-surface px-2 text-ui"
      />
    </label>
  );
}
