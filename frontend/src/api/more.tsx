import type { UseInfiniteQueryResult } from '@tanstack/react-query';

import { More } from '~/ui/more';

import { Failure } from './loaded';

/** The next page of a list: it comes by itself as one nears its end, or only when it is asked for. */
export function NextPage({
  query,
  asked = false,
}: {
  asked?: boolean;
  query: Pick<
    UseInfiniteQueryResult,
    | 'error'
    | 'fetchNextPage'
    | 'hasNextPage'
    | 'isFetching'
    | 'isFetchingNextPage'
    | 'isFetchNextPageError'
  >;
}) {
  const { hasNextPage, isFetching, isFetchingNextPage, isFetchNextPageError } = query;
  return (
    <>
      {isFetchNextPageError && (
        <div className="mt-3">
          <Failure error={query.error} title="Could not load more" />
        </div>
      )}
      <More
        has={hasNextPage}
        busy={isFetchingNextPage}
        // What is being read again is read first; what failed is tried again by whoever asks for it.
        bySelf={!asked && !isFetching && !isFetchNextPageError}
        onMore={() => query.fetchNextPage({ cancelRefetch: false })}
      />
    </>
  );
}
