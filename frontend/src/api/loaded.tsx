import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { messageOf } from '~/lib/text';
import { ErrorPanel } from '~/ui/error-panel';
import { Gone } from '~/ui/gone';
import { SkeletonRows } from '~/ui/skeleton';

import { ApiError } from './client';

/**
 * A query's three faces: a skeleton, what failed with another try, or the data.
 * Data once shown stays while it is fetched again, and when that fails.
 */
export function Loaded<T>({
  query,
  what,
  back,
  skeleton,
  children,
}: {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'refetch' | 'isFetching'>;
  /** Completes "Could not load …". */
  what: string;
  /** A link, for where it is not there. */
  back?: ReactNode;
  skeleton?: ReactNode;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) {
    if (query.error instanceof ApiError && query.error.status === 404) {
      return <Gone what={what.replace(/^the /, '')} back={back} />;
    }
    return (
      <ErrorPanel
        title={`Could not load ${what}`}
        message={query.error.message}
        requestId={query.error instanceof ApiError ? query.error.requestId : undefined}
        onRetry={() => void query.refetch()}
        busy={query.isFetching}
      />
    );
  }
  return skeleton ?? <SkeletonRows />;
}

/** A failed action, told beside the button that began it. */
export function Failure({ error, title }: { error: unknown; title: string }) {
  if (!error) return null;
  return (
    <ErrorPanel
      title={title}
      message={messageOf(error)}
      requestId={error instanceof ApiError ? error.requestId : undefined}
    />
  );
}
