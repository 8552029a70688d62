import { useEffect, useMemo, useRef, useState } from 'react';

import { ApiError } from '~/api/client';
import { copyText } from '~/lib/copy';
import { useNarrow } from '~/lib/narrow';
import { count, messageOf } from '~/lib/text';
import { Bar } from '~/ui/bar';
import { Button } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { ErrorPanel } from '~/ui/error-panel';
import { Section } from '~/ui/page';
import { Search } from '~/ui/search';
import { Select } from '~/ui/select';
import { SkeletonRows } from '~/ui/skeleton';

import { find, placeOf } from './buffer';
import { BuildLines } from './build-lines';
import { useBuildLogSource } from './build-log-source';
import type { BuildLogSearch } from './filter';
import { plain } from './pick';
import { PickedStrip } from './picked-strip';
import { WrapButton } from './wrap-button';

/** The selected line goes into the address once the keys rest, in milliseconds. */
const REST_MS = 200;

type Props = {
  live: boolean;
  search: BuildLogSearch;
  onSearch: (search: BuildLogSearch) => void;
};

/** What the builders and jobs of a deployment wrote, within a {@link BuildLogSource}. */
export function BuildLog({ live, search, onSearch }: Props) {
  const { buffer, version, error, loaded, retry } = useBuildLogSource();
  const { q = '', service = '' } = search;
  // A phone shows the first words of a line, if anything, where they do not wrap.
  const narrow = useNarrow();
  const wrap = search.wrap ?? narrow;
  const [picked, setPicked] = useState(idOf(search.at));
  /** The line that the address named last, and the one that this page wrote there. */
  const [seen, setSeen] = useState(search.at);
  const [mine, setMine] = useState<string>();
  /** How often an address named a line that this page did not write there. */
  const [landings, setLandings] = useState(0);
  const [copied, setCopied] = useState(0);
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(rest.current), []);
  if (search.at !== seen) {
    setSeen(search.at);
    if (search.at !== mine) {
      setMine(search.at);
      setLandings(landings + 1);
      setPicked(idOf(search.at));
    }
  }
  // The buffer is the same object for good: its version says that it changed.
  const shown = useMemo(
    () => find(buffer.lines, q, service),
    // oxlint-disable-next-line react/exhaustive-deps
    [buffer, version, q, service],
  );
  const services = useMemo(
    () =>
      [...new Set([...buffer.lines.map((line) => line.service), service])]
        .filter(Boolean)
        .toSorted(),
    // oxlint-disable-next-line react/exhaustive-deps
    [buffer, version, service],
  );
  const at = picked === undefined ? undefined : placeOf(buffer.lines, null, picked);
  const line = at === undefined ? undefined : buffer.lines[at];

  const onPick = (next: number | undefined, wait = false) => {
    clearTimeout(rest.current);
    setPicked(next);
    setMine(nameOf(next));
    const write = () => onSearch({ ...search, at: nameOf(next) });
    if (wait) rest.current = setTimeout(write, REST_MS);
    else write();
  };
  const filter = (part: Pick<BuildLogSearch, 'q' | 'service'>) => {
    clearTimeout(rest.current);
    const next = { ...search, ...part };
    // What is selected stays, where the new filter shows it: one finds a line, and then looks round.
    const kept = line && find([line], next.q ?? '', next.service ?? '')?.length !== 0;
    const left = kept ? picked : undefined;
    setPicked(left);
    setMine(nameOf(left));
    onSearch({ ...next, at: nameOf(left) });
  };
  const onWrap = (on: boolean) => {
    clearTimeout(rest.current);
    onSearch({ ...search, at: nameOf(picked), wrap: on === narrow ? undefined : on });
  };
  const here = line !== undefined && find([line], q, service)?.length !== 0;
  const clear = () => filter({ q: undefined, service: undefined });
  const copy = async () => {
    const ok =
      line !== undefined && (await copyText(`${line.at} ${line.service} ${plain(line.line)}`));
    if (ok) setCopied((n) => n + 1);
    return ok;
  };

  const total = buffer.lines.length;
  const size = shown?.length ?? total;

  let body;
  if (total > 0) {
    body =
      size > 0 ? (
        <BuildLines
          buffer={buffer.lines}
          shown={shown}
          filter={`${landings} ${q} ${service}`}
          live={live}
          loaded={loaded}
          wrap={wrap}
          picked={picked}
          onPick={onPick}
          onCopy={() => void copy()}
        />
      ) : (
        <Empty title="No line matches" action={<Button onClick={clear}>Clear the filter</Button>} />
      );
  } else if (error) {
    body = (
      <ErrorPanel
        title="Could not load the build log"
        message={messageOf(error)}
        requestId={error instanceof ApiError ? error.requestId : undefined}
        onRetry={retry}
      />
    );
  } else if (!loaded) {
    body = <SkeletonRows rows={4} height={28} />;
  } else {
    body = (
      <Empty title={live ? 'No output yet' : 'No output'}>
        {live
          ? 'Lines appear here as the builders write them; a job’s come once it ended.'
          : 'No service of this deployment was built and no job ran, or it ended before.'}
      </Empty>
    );
  }

  return (
    <Section title="Build log">
      {total > 0 && (
        <div role="search" className="mb-2 flex flex-wrap items-center gap-2">
          <Search
            label="Search the log"
            value={q}
            onChange={(text) => filter({ q: text || undefined })}
          />
          {(services.length > 1 || service) && (
            <Select
              aria-label="Service"
              value={service}
              onChange={(event) => filter({ service: event.target.value || undefined })}
            >
              <option value="">All services</option>
              {services.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
          <span className="text-ui text-text-2 tabular-nums">
            {shown
              ? `${size.toLocaleString('en')} of ${count(total, 'line')}`
              : count(total, 'line')}
          </span>
          {buffer.dropped > 0 && (
            <span className="text-meta text-text-2">
              {count(buffer.dropped, 'older line')} not kept
            </span>
          )}
          <span className="ml-auto">
            <WrapButton on={wrap} onChange={onWrap} />
          </span>
        </div>
      )}
      {total > 0 && loaded && picked !== undefined && !here && (
        <div className="mb-2">
          <Bar tone="warn" role="status">
            The line of this link is not here: it is not kept any more, or the filter leaves it out.
          </Bar>
        </div>
      )}
      {body}
      {line && here && (
        <PickedStrip
          lines={[line]}
          name={line.service}
          facts={[]}
          copied={copied}
          onCopy={copy}
          onClose={() => onPick(undefined)}
        />
      )}
    </Section>
  );
}

const idOf = (at: string | undefined): number | undefined => (at ? Number(at) : undefined);
const nameOf = (id: number | undefined): string | undefined =>
  id === undefined ? undefined : String(id);
