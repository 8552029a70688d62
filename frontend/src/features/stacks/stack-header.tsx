import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Ellipsis, Rocket, RotateCcw } from 'lucide-react';
import { useState } from 'react';

import { useDenied } from '~/api/access';
import { isStatus } from '~/api/client';
import { Failure } from '~/api/loaded';
import { deploy, pauseStack, removeStack, resumeStack, startDryRun } from '~/api/mutations';
import { dryRunQuery, sessionQuery, stackQuery } from '~/api/queries';
import type { Stack } from '~/api/schema.gen';
import { useActs } from '~/lib/acts';
import { later, type Later } from '~/lib/later';
import { usePress } from '~/lib/press';
import { bareUrl, mainFirst } from '~/lib/text';
import { useTitle } from '~/lib/title';
import { useTrouble } from '~/lib/trouble';
import { Button } from '~/ui/button';
import { Confirm } from '~/ui/dialog';
import { Menu, MenuItem } from '~/ui/menu';
import { Outside } from '~/ui/outside';
import { Status, Sync } from '~/ui/status';
import { tabClass } from '~/ui/tabs';
import { Tag } from '~/ui/tag';
import { say } from '~/ui/say';

import { EnvTag } from './env-tag';
import { deployWord, stackLook } from './look';
import { FateOfVolumes } from './volumes';

/** Hardly ever asked for. */
const RestartDialog = later(() => import('./restart-dialog').then((it) => it.RestartDialog));

type Dialogs = {
  /** Asks what to go back to: it is of the deployments, which this folder knows nothing of. */
  RollBackDialog: Later<{
    stack: string;
    open: boolean;
    onOpenChange: (open: boolean) => void;
  }>;
};

export function StackHeader({ name, RollBackDialog }: { name: string } & Dialogs) {
  const { data: stack, error } = useQuery(stackQuery(name));
  const look = stack && stackLook(stack);
  const navigate = useNavigate();
  useActs([
    {
      label: `Logs of ${name}`,
      leads: true,
      run: () => void navigate({ to: '/stacks/$stack/logs', params: { stack: name }, search: {} }),
    },
  ]);
  const ill = look === 'degraded' || look === 'failed';
  useTitle(ill ? `● ${name}` : name);
  useTrouble(ill);
  return (
    <header className="border-b border-line">
      <div className="max-w-page px-4 pt-4 has-[nav[hidden]]:pb-3 sm:px-6 [main:has(>[data-fill])_&]:max-w-none">
        <nav aria-label="Breadcrumb" className="text-meta text-text-2">
          <Link to="/" search={{}} className="hover:underline">
            Stacks
          </Link>
          {stack && <span> / {stack.repository}</span>}
        </nav>
        <div className="mt-1 flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
          <h1
            tabIndex={-1}
            className="min-w-0 text-title font-semibold tracking-[-0.01em] wrap-anywhere max-sm:flex-1"
          >
            {name}
          </h1>
          {stack && (
            // On a phone the buttons stand beside the name, and this below them.
            <div className="contents max-sm:order-last max-sm:flex max-sm:w-full max-sm:flex-wrap max-sm:items-center max-sm:gap-x-3 max-sm:gap-y-1">
              <Facts stack={stack} />
            </div>
          )}
          {stack && <Actions stack={stack} RollBackDialog={RollBackDialog} />}
        </div>
        <nav
          aria-label={`Stack ${name}`}
          className="mt-2 flex gap-4 [&[hidden]]:hidden"
          hidden={!stack && isStatus(error, 404)}
        >
          <Link
            to="/stacks/$stack"
            params={{ stack: name }}
            activeOptions={{ exact: true, includeSearch: false }}
            aria-keyshortcuts="1"
            className={tabClass()}
          >
            Overview
          </Link>
          <Link
            to="/stacks/$stack/deployments"
            params={{ stack: name }}
            aria-keyshortcuts="2"
            className={tabClass()}
          >
            Deployments
          </Link>
          <Link
            to="/stacks/$stack/logs"
            params={{ stack: name }}
            search={{}}
            activeOptions={{ includeSearch: false }}
            aria-keyshortcuts="3 l"
            className={tabClass()}
          >
            Logs
          </Link>
          <Link
            to="/stacks/$stack/diff"
            params={{ stack: name }}
            aria-keyshortcuts="4 d"
            className={tabClass()}
          >
            Diff
          </Link>
          <Link
            to="/stacks/$stack/settings"
            params={{ stack: name }}
            aria-keyshortcuts="8"
            className={tabClass()}
          >
            Settings
          </Link>
        </nav>
      </div>
    </header>
  );
}

function Facts({ stack }: { stack: Stack }) {
  return (
    <>
      <EnvTag stack={stack} />
      {stack.policy === 'restricted' && (
        <span
          className="inline-flex"
          title="Its compose file gets nothing of the nodes and of other stacks, and limits on what it uses."
        >
          <Tag>restricted</Tag>
        </span>
      )}
      <Status look={stackLook(stack)} />
      {stack.paused && (
        <span
          className="inline-flex"
          title={`${stack.paused.by} paused it: nothing is applied until it is resumed.`}
        >
          <Tag tone="warn">paused</Tag>
        </span>
      )}
      {stack.wanted === 'present' && stack.commit && !stack.deploying && (
        <Link
          to="/stacks/$stack/diff"
          params={{ stack: stack.name }}
          className="rounded-tag hover:underline"
        >
          <Sync synced={stack.synced} />
        </Link>
      )}
      {stack.wanted === 'present' &&
        mainFirst(stack.urls)
          .slice(0, 2)
          .map((url) => (
            <span key={url} className="max-w-full min-w-0 text-ui">
              <Outside href={url}>{bareUrl(url)}</Outside>
            </span>
          ))}
      {stack.pull_request && (
        <span className="min-w-0 text-ui">
          <Outside href={stack.pull_request.url}>#{stack.pull_request.number}</Outside>
        </span>
      )}
    </>
  );
}

function whyNoDeploy(stack: Stack, denied: string | undefined): string | undefined {
  if (denied) return denied;
  if (stack.wanted === 'absent') return 'This stack is being removed.';
  if (stack.deploying) return 'A deployment is already going on.';
  return undefined;
}

function Actions({ stack, RollBackDialog }: { stack: Stack } & Dialogs) {
  const navigate = useNavigate();
  const denied = useDenied('operator');
  const start = usePress();
  const hold = usePress();
  const [removing, setRemoving] = useState(false);
  const [restarting, setRestarting] = useState(false);
  const [goingBack, setGoingBack] = useState(false);
  const failed = stack.latest_deployment?.phase === 'failed';

  const startNow = () =>
    start.press(async () => {
      const { number } = await deploy(stack.name);
      await navigate({
        to: '/stacks/$stack/deployments/$number',
        params: { stack: stack.name, number: String(number) },
      });
    });

  const client = useQueryClient();
  const dryRunNow = () =>
    hold.press(async () => {
      client.setQueryData(dryRunQuery(stack.name).queryKey, await startDryRun(stack.name));
      await navigate({ to: '/stacks/$stack/dry-run', params: { stack: stack.name } });
    });

  // Shown at once: it is one row's change, and is taken back if it comes to nothing.
  const setPaused = async (paused: boolean) => {
    const { queryKey } = stackQuery(stack.name);
    const before = client.getQueryData(queryKey);
    const by = client.getQueryData(sessionQuery().queryKey)?.user.name ?? 'You';
    await client.cancelQueries({ queryKey });
    client.setQueryData(queryKey, {
      ...(before ?? stack),
      paused: paused ? { by, at: new Date().toISOString() } : null,
    });
    try {
      await (paused ? pauseStack(stack.name) : resumeStack(stack.name));
    } catch (failure) {
      client.setQueryData(queryKey, before);
      throw failure;
    }
  };
  const holdNow = () =>
    hold.press(async () => {
      const paused = !stack.paused;
      await setPaused(paused);
      say(paused ? `${stack.name} is paused` : `${stack.name} goes on`, () => setPaused(!paused));
    });

  // Their code comes when they are first asked for.
  const restartNow = () =>
    hold.press(async () => {
      await RestartDialog.load();
      setRestarting(true);
    });
  const goBack = () =>
    hold.press(async () => {
      await RollBackDialog.load();
      setGoingBack(true);
    });

  const fixed = Boolean(denied) || stack.wanted === 'absent';
  const noDryRun = fixed || !stack.latest_deployment;
  const noDeploy = whyNoDeploy(stack, denied);
  const deployLabel = deployWord(stack);
  useActs([
    ...(noDeploy || start.busy ? [] : [{ label: `${deployLabel} ${stack.name}`, run: startNow }]),
    ...(noDryRun ? [] : [{ label: `Dry run of ${stack.name}`, run: dryRunNow, leads: true }]),
    ...(fixed
      ? []
      : [
          {
            label: `${stack.paused ? 'Resume' : 'Pause'} ${stack.name}`,
            run: holdNow,
          },
          { label: `Roll back ${stack.name}…`, run: goBack },
          { label: `Restart ${stack.name}…`, run: restartNow },
          { label: `Remove ${stack.name}…`, run: () => setRemoving(true) },
        ]),
  ]);

  return (
    <>
      <div className="ml-auto flex gap-2">
        <Menu
          trigger={
            <Button size="icon" aria-label="More actions">
              <Ellipsis size={16} aria-hidden />
            </Button>
          }
        >
          <MenuItem disabled={noDryRun} onClick={dryRunNow}>
            Dry run
          </MenuItem>
          <MenuItem disabled={fixed} onClick={goBack}>
            Roll back…
          </MenuItem>
          <MenuItem disabled={fixed} onClick={restartNow}>
            Restart…
          </MenuItem>
          <MenuItem disabled={fixed} onClick={holdNow}>
            {stack.paused ? 'Resume stack' : 'Pause stack'}
          </MenuItem>
          <MenuItem disabled={fixed} onClick={() => setRemoving(true)}>
            <span className="text-bad">Remove stack…</span>
          </MenuItem>
        </Menu>
        <Button kind="primary" busy={start.busy} disabledReason={noDeploy} onClick={startNow}>
          {!start.busy &&
            (failed ? <RotateCcw size={15} aria-hidden /> : <Rocket size={15} aria-hidden />)}
          {deployLabel}
        </Button>
      </div>
      <Confirm
        open={removing}
        onOpenChange={setRemoving}
        title={`Remove ${stack.name}?`}
        action="Remove stack"
        onConfirm={async () => {
          await removeStack(stack.name);
          say(`${stack.name} is being removed`);
        }}
      >
        <p>
          Its {stack.services.length || ''} services stop, and its networks, configs, secrets and
          images are deleted.
        </p>
        <FateOfVolumes volumes={stack.settings.volumes} />
        <p>The rule stays: the next push that it matches makes the stack anew.</p>
      </Confirm>
      <RestartDialog stack={stack} open={restarting} onOpenChange={setRestarting} />
      <RollBackDialog stack={stack.name} open={goingBack} onOpenChange={setGoingBack} />
      {Boolean(start.error ?? hold.error) && (
        <div className="w-full">
          <Failure error={start.error ?? hold.error} title="That did not work" />
        </div>
      )}
    </>
  );
}
