import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { Loaded } from '~/api/loaded';
import { NextPage } from '~/api/more';
import { rollBack } from '~/api/mutations';
import { deploymentsQuery } from '~/api/queries';
import type { Deployment } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { Confirm } from '~/ui/dialog';
import { Empty } from '~/ui/empty';
import { CommitLine } from '~/ui/sha';
import { SkeletonRows } from '~/ui/skeleton';
import { Ago } from '~/ui/time';

import { RollBackWords } from './roll-back-words';
import { kept } from './words';

/** Goes back to one of the releases that are kept. */
export function RollBackDialog({
  stack,
  open,
  onOpenChange,
}: {
  stack: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<number>();
  return (
    <Confirm
      open={open}
      onOpenChange={(next) => {
        onOpenChange(next);
        setChosen(undefined);
      }}
      title={`Roll ${stack} back?`}
      action={chosen === undefined ? 'Roll back' : `Roll back to #${chosen}`}
      keep="Leave it"
      disabledReason={chosen === undefined ? 'Choose a release' : undefined}
      onConfirm={async () => {
        if (chosen === undefined) return;
        const { number } = await rollBack(stack, chosen);
        await navigate({
          to: '/stacks/$stack/deployments/$number',
          params: { stack, number: String(number) },
        });
      }}
    >
      <Releases stack={stack} chosen={chosen} onChoose={setChosen} />
    </Confirm>
  );
}

function Releases({
  stack,
  chosen,
  onChoose,
}: {
  stack: string;
  chosen: number | undefined;
  onChoose: (number: number) => void;
}) {
  const query = useInfiniteQuery(deploymentsQuery(stack));
  return (
    <>
      <Loaded query={query} what="the deployments" skeleton={<SkeletonRows rows={3} height={44} />}>
        {(data) => {
          const releases = kept(data.pages.flatMap((page) => page.items));
          if (releases.length === 0 && !query.hasNextPage) {
            return (
              <Empty title="Nothing to go back to">
                No other deployment of this stack has succeeded with a release that is still kept.
              </Empty>
            );
          }
          return (
            <>
              <RollBackWords />
              <fieldset className="min-w-0">
                <legend className="sr-only">Releases, newest first</legend>
                <div className="max-h-[36vh] overflow-y-auto rounded-control border border-line">
                  {releases.map((release) => (
                    <Release
                      key={release.id}
                      release={release}
                      checked={release.number === chosen}
                      onChoose={() => onChoose(release.number)}
                    />
                  ))}
                </div>
              </fieldset>
            </>
          );
        }}
      </Loaded>
      <NextPage query={query} asked />
    </>
  );
}

function Release({
  release: { number, commit, created_at },
  checked,
  onChoose,
}: {
  release: Deployment;
  checked: boolean;
  onChoose: () => void;
}) {
  return (
    <label
      className={cn(
        'flex min-h-10 cursor-pointer items-center gap-2.5 border-b border-line px-3 py-1.5 text-ui text-text last:border-b-0',
        'has-focus-visible:outline-2 has-focus-visible:-outline-offset-2 has-focus-visible:outline-focus',
        checked ? 'bg-active' : 'hover:bg-hover',
      )}
    >
      <input
        type="radio"
        name="release"
        className="accent-accent"
        checked={checked}
        onChange={onChoose}
      />
      <span className="font-semibold tabular-nums">#{number}</span>
      <span className="min-w-0 flex-1">
        <CommitLine sha={commit.sha} message={commit.message} />
      </span>
      <span className="text-meta text-text-2">
        <Ago at={created_at} />
      </span>
    </label>
  );
}
