import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { GitPullRequest } from 'lucide-react';
import { useCallback } from 'react';

import { useSight } from '~/api/list';
import { Loaded } from '~/api/loaded';
import { NextPage } from '~/api/more';
import { stackChoicesQuery } from '~/api/queries';
import type { StackState, StackSummary } from '~/api/schema.gen';
import { bareUrl, mainFirst, shortSha } from '~/lib/text';
import { buttonClass } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { countOf, Long, rowCount, type Place } from '~/ui/long';
import { Outside } from '~/ui/outside';
import { Page, PageHead } from '~/ui/page';
import { RepositoryOptions, Select } from '~/ui/select';
import { Status, wordOf, type Look } from '~/ui/status';
import { Table, Td, Th } from '~/ui/table';
import { Ago } from '~/ui/time';

import { previewsQuery, type PreviewFilter } from './search';

const HEAD = (
  <>
    <Th>Pull request</Th>
    <Th className="w-28">Health</Th>
    <Th hide="sm" className="w-[21%]">
      Address
    </Th>
    <Th hide="lg" className="w-22">
      Commit
    </Th>
    <Th right hide="sm" className="w-24">
      Updated
    </Th>
  </>
);

/** Each preview, and the one thing it is for: its address. */
export function PreviewsPage({
  filter,
  states,
  look,
}: {
  filter: PreviewFilter;
  /** The words, in order, and which of them a row says; they belong to another feature. */
  states: readonly StackState[];
  look: (stack: StackSummary) => Look;
}) {
  const query = useInfiniteQuery(previewsQuery(filter));
  const onSight = useSight(query.refetch);
  const row = useCallback(
    (stack: StackSummary, place: Place) => (
      <Row key={stack.name} stack={stack} look={look(stack)} place={place} />
    ),
    [look],
  );
  const size = query.data && `${countOf(query.data.pages)}${query.hasNextPage ? '+' : ''}`;
  const filtered = Boolean(filter.repo ?? filter.state);
  return (
    <Page>
      <PageHead title="Previews" aside={size}>
        <p className="mt-0.5 text-ui text-text-2">
          A preview has no date to end on: it lasts as long as its pull request is open, and goes
          when that closes.
        </p>
      </PageHead>
      {(filtered || (size && size !== '0')) && <Filters filter={filter} states={states} />}
      <Loaded query={query} what="the previews">
        {({ pages, pageParams }) =>
          countOf(pages) === 0 ? (
            filtered ? (
              <NoneFound />
            ) : (
              <NoPreviews />
            )
          ) : (
            <Table label="Previews" head={HEAD} rows={rowCount(pages, query.hasNextPage)}>
              <Long
                as="tbody"
                parts={pages}
                keys={pageParams}
                more={query.hasNextPage}
                row={row}
                onSight={onSight}
              />
            </Table>
          )
        }
      </Loaded>
      <NextPage query={query} />
    </Page>
  );
}

function Row({ stack, look, place }: { stack: StackSummary; look: Look; place: Place }) {
  const pull = stack.pull_request;
  const [url] = mainFirst(stack.urls);
  return (
    <tr {...place} className="hover:bg-hover">
      <Td>
        <Link
          to="/stacks/$stack"
          params={{ stack: stack.name }}
          className="block truncate font-medium hover:underline"
        >
          {pull?.title || stack.name}
        </Link>
        <span className="flex min-w-0 items-center gap-1.5 text-meta text-text-2">
          <GitPullRequest size={12} className="shrink-0 text-preview" aria-hidden />
          <span className="truncate">
            {pull ? `${stack.repository} #${pull.number} by ${pull.author}` : stack.repository}
          </span>
        </span>
        {url && stack.wanted === 'present' && (
          <span className="flex min-w-0 text-meta sm:hidden">
            <Outside href={url}>{bareUrl(url)}</Outside>
          </span>
        )}
      </Td>
      <Td>
        <Status look={look} />
      </Td>
      <Td hide="sm">
        {url && stack.wanted === 'present' ? (
          <span className="flex min-w-0">
            <Outside href={url}>{bareUrl(url)}</Outside>
          </span>
        ) : (
          <span className="text-text-3">
            {stack.wanted === 'absent' ? 'Going away' : 'Not yet'}
          </span>
        )}
      </Td>
      <Td hide="lg">
        {stack.commit && (
          <code className="font-mono text-meta text-text-2">{shortSha(stack.commit.sha)}</code>
        )}
      </Td>
      <Td right hide="sm" className="text-text-2">
        <Ago at={stack.updated_at} />
      </Td>
    </tr>
  );
}

function Filters({ filter, states }: { filter: PreviewFilter; states: readonly StackState[] }) {
  const navigate = useNavigate();
  const { data: choices } = useQuery(stackChoicesQuery());
  const go = (search: PreviewFilter) => void navigate({ to: '/previews', search, replace: true });
  const { repo, state } = filter;
  return (
    <div role="search" aria-label="Previews" className="mb-3 flex flex-wrap gap-2">
      <Select
        aria-label="Repository"
        value={repo ?? ''}
        onChange={({ target: { value } }) => go({ ...filter, repo: Number(value) || undefined })}
        className="min-w-0 max-w-56"
      >
        <RepositoryOptions all={choices?.repositories} chosen={repo} />
      </Select>
      <Select
        aria-label="State"
        value={state ?? ''}
        onChange={({ target: { value } }) =>
          go({ ...filter, state: states.find((it) => it === value) })
        }
      >
        <option value="">Any state</option>
        {states.map((it) => (
          <option key={it} value={it}>
            {wordOf(it)}
          </option>
        ))}
      </Select>
    </div>
  );
}

function NoneFound() {
  return (
    <Empty
      title="No preview is like that"
      action={
        <Link to="/previews" search={{}} className={buttonClass()}>
          Show all previews
        </Link>
      }
    />
  );
}

function NoPreviews() {
  return (
    <Empty
      title="No previews"
      action={
        <Link to="/rules/new" search={{ event: 'pull_request' }} className={buttonClass()}>
          New rule for pull requests
        </Link>
      }
    >
      A rule for pull requests gives each one a stack and an address of its own. It goes away when
      the pull request closes.
    </Empty>
  );
}
