import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

import { Failure } from '~/api/loaded';
import { useTitle } from '~/lib/title';
import { buttonClass } from '~/ui/button';
import { Mark } from '~/ui/mark';
import { Centred } from '~/ui/page';
import { StatusIcon } from '~/ui/status';
import { say } from '~/ui/say';

/** Codes that were sent already: each works once, and React may run an effect twice. */
const sent = new Map<string, Promise<unknown>>();

/** Where GitHub sends the browser back to: hands over what it brought, and goes on. */
export function ReturnPage({
  title,
  once,
  work,
  done,
  failed,
}: {
  title: string;
  /** Names this return; the same one is worked on once. */
  once: string;
  work: () => Promise<unknown>;
  done: string;
  failed: string;
}) {
  useTitle(title);
  const client = useQueryClient();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>();

  useEffect(() => {
    let here = true;
    const running = sent.get(once) ?? work();
    sent.set(once, running);
    running.then(
      async () => {
        await client.invalidateQueries();
        if (!here) return;
        say(done);
        await navigate({ to: '/setup/github', replace: true });
      },
      (failure: unknown) => {
        if (here) setError(failure);
      },
    );
    return () => {
      here = false;
    };
    // What it works with is named by `once`.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [once]);

  return (
    <Centred width="wide">
      <div className="mb-8">
        <Mark />
      </div>
      <h1 tabIndex={-1} className="text-title font-semibold tracking-[-0.01em]">
        {title}
      </h1>
      {error ? (
        <div className="mt-4 space-y-4">
          <Failure error={error} title={failed} />
          <Link to="/setup/github" className={buttonClass({ kind: 'primary' })}>
            Back to the setup
          </Link>
        </div>
      ) : (
        <p role="status" className="mt-3 flex items-center gap-2 text-body text-text-2">
          <StatusIcon look="running" /> One moment: Berth asks GitHub.
        </p>
      )}
    </Centred>
  );
}
