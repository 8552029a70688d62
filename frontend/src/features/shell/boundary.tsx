import { Link, useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { useCallback, useEffect } from 'react';

import { ApiError } from '~/api/client';
import { connection } from '~/api/stream';
import { messageOf } from '~/lib/text';
import { useTitle } from '~/lib/title';
import { buttonClass } from '~/ui/button';
import { ErrorPanel } from '~/ui/error-panel';
import { Page, PageHead } from '~/ui/page';

/** The last resort of a page. What failed is tried again once Berth answers again, too. */
export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  useTitle('Something failed');
  const retry = useCallback(() => {
    reset();
    void router.invalidate();
  }, [reset, router]);
  useEffect(
    () =>
      connection.watch(() => {
        if (connection.get().state === 'live') retry();
      }),
    [retry],
  );
  return (
    <Page>
      <ErrorPanel
        title="This page failed"
        message={messageOf(error)}
        requestId={error instanceof ApiError ? error.requestId : undefined}
        onRetry={retry}
      />
    </Page>
  );
}

export function NotFound() {
  const router = useRouter();
  return (
    <Page>
      <PageHead title="Not found" />
      <p className="mb-4 text-body text-text-2">
        There is nothing at{' '}
        <code className="font-mono text-ui break-all text-text">
          {router.state.location.pathname}
        </code>
        . It may have been removed, or the link is mistyped.
      </p>
      <Link to="/" search={{}} className={buttonClass()}>
        To the stacks
      </Link>
    </Page>
  );
}
