import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';

import { useDenied } from '~/api/access';
import { Failure, Loaded } from '~/api/loaded';
import { createInstallLink, createManifest } from '~/api/mutations';
import { githubQuery, repositoriesQuery, rulesQuery } from '~/api/queries';
import type { Github } from '~/api/schema.gen';
import { safeUrl } from '~/lib/text';
import { useTitle } from '~/lib/title';
import { Button, buttonClass } from '~/ui/button';
import { CopyButton } from '~/ui/copy';
import { ChoiceField, TextField } from '~/ui/field';
import { Mark } from '~/ui/mark';
import { Outside } from '~/ui/outside';
import { Centred } from '~/ui/page';
import { Ago } from '~/ui/time';

import { postForm } from './post-form';
import { Step, Waiting, type StepState } from './step';
import { useInfiniteQuery } from '@tanstack/react-query';

const PERMISSIONS = [
  ['Contents, issues, metadata: read', 'to get the source of the commit'],
  ['Pull requests: write', 'to keep one comment with the preview’s address'],
  ['Deployments, checks, statuses: write', 'to say what came of a push'],
] as const;

/** From nothing to the first rule; GitHub calls back, and the cards fill themselves. */
export function GithubSetupPage() {
  useTitle('Connect GitHub');
  const query = useQuery(githubQuery());
  return (
    <Centred width="wide">
      <div className="mb-8 flex items-center">
        <Mark />
        <Link to="/" search={{}} className={`-mr-3 ml-auto ${buttonClass({ kind: 'quiet' })}`}>
          To the stacks
        </Link>
      </div>
      <h1 tabIndex={-1} className="text-title font-semibold tracking-[-0.01em]">
        Connect GitHub
      </h1>
      <p className="mt-1 mb-5 text-body text-text-2">
        Three steps, then a push deploys. You can leave and come back at any point.
      </p>
      <Loaded query={query} what="how far the setup is">
        {(github) => <Steps github={github} />}
      </Loaded>
    </Centred>
  );
}

function Steps({ github }: { github: Github }) {
  const rules = useInfiniteQuery(rulesQuery());
  const first = rules.data?.pages[0]?.items[0];
  const app: StepState = github.app ? 'done' : 'now';
  const installed = github.installations.length > 0;
  const install: StepState = installed ? 'done' : github.app ? 'now' : 'later';
  const rule: StepState = first ? 'done' : installed ? 'now' : 'later';
  return (
    <ol className="space-y-3">
      <Step
        number={1}
        title="Create the App"
        state={app}
        result={
          github.app && (
            <>
              <Outside href={github.app.html_url}>{github.app.name}</Outside>, owned by{' '}
              {github.app.owner_login}
            </>
          )
        }
      >
        <CreateApp github={github} />
      </Step>
      <Step
        number={2}
        title="Choose repositories"
        state={install}
        result={<Installed github={github} />}
      >
        <p className="text-body text-text-2">
          GitHub asks which repositories the App may see. Berth sees no others.
        </p>
        <InstallButton kind="primary" />
        {!github.last_delivery_at && (
          <Waiting>
            Waiting for the first webhook at{' '}
            <code className="font-mono text-meta break-all">{github.webhook_url}</code>
          </Waiting>
        )}
      </Step>
      <Step
        number={3}
        title="Write the first rule"
        state={rule}
        result={
          first && (
            <>
              <Link
                to="/rules/$id"
                params={{ id: first.id }}
                className="font-medium text-text hover:underline"
              >
                {first.name}
              </Link>{' '}
              for {first.repository}
            </>
          )
        }
      >
        <FirstRule />
      </Step>
      {rule === 'done' && (
        <li className="list-none pt-2 text-body">
          All set. Push to see it run:
          <code className="mt-2 block w-fit rounded-control bg-sunken px-3 py-1.5 font-mono text-ui">
            git push origin main
          </code>
        </li>
      )}
    </ol>
  );
}

function CreateApp({ github }: { github: Github }) {
  const denied = useDenied('admin');
  const [owner, setOwner] = useState<'me' | 'organization'>('me');
  const [organization, setOrganization] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const missing = owner === 'organization' && !organization.trim();

  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { action, manifest } = await createManifest(
        owner === 'organization' ? organization.trim() : undefined,
      );
      // The page is left here: the button stays busy until it is gone.
      postForm(action, { manifest });
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };

  return (
    <>
      <Note>
        GitHub shows the App before it exists, and nothing is made until you confirm there. It sends
        its webhooks to{' '}
        <span className="inline-flex max-w-full items-center gap-1 align-bottom">
          <code className="truncate font-mono text-meta text-text">{github.webhook_url}</code>
          <CopyButton text={github.webhook_url} label="Copy the webhook address" />
        </span>
      </Note>
      <div>
        <p className="mb-1.5 text-ui font-medium">It may</p>
        <ul className="divide-y divide-line rounded-control border border-line text-ui">
          {PERMISSIONS.map(([name, reason]) => (
            <li key={name} className="flex flex-wrap gap-x-4 px-3 py-1.5">
              <span className="w-64 max-w-full font-medium">{name}</span>
              <span className="min-w-0 flex-1 basis-56 text-text-2">{reason}</span>
            </li>
          ))}
        </ul>
      </div>
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <ChoiceField
          label="Owner"
          name="owner"
          value={owner}
          onChange={setOwner}
          options={[
            { value: 'me', label: 'You' },
            { value: 'organization', label: 'Organisation' },
          ]}
        />
        {owner === 'organization' && (
          <TextField
            label="Organisation"
            placeholder="acme"
            mono
            autoComplete="off"
            spellCheck={false}
            value={organization}
            onChange={(event) => setOrganization(event.target.value)}
          />
        )}
      </div>
      <Failure error={error} title="Could not begin" />
      <Button
        kind="primary"
        busy={busy}
        disabledReason={denied ?? (missing ? 'Name the organisation first.' : undefined)}
        onClick={() => void go()}
      >
        Create on GitHub
      </Button>
    </>
  );
}

export function InstallButton({ kind }: { kind: 'primary' | 'secondary' }) {
  const denied = useDenied('admin');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const { url } = await createInstallLink();
      const target = safeUrl(url);
      if (!target) throw new Error('The server named no address to go to.');
      window.location.assign(target);
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return (
    <>
      <Failure error={error} title="Could not begin" />
      <Button
        kind={kind}
        size={kind === 'primary' ? 'normal' : 'small'}
        busy={busy}
        disabledReason={denied}
        onClick={() => void go()}
      >
        {kind === 'primary' ? 'Choose repositories' : 'Change'}
      </Button>
    </>
  );
}

function Installed({ github }: { github: Github }) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <span className="min-w-0">
        {github.installations
          .map(
            ({ account_login, repository_count }) =>
              `${account_login} (${repository_count} ${repository_count === 1 ? 'repository' : 'repositories'})`,
          )
          .join(', ')}
        {github.last_delivery_at && (
          <>
            {' · GitHub reached us '}
            <Ago at={github.last_delivery_at} />
          </>
        )}
      </span>
      <div className="-my-1 ml-auto">
        <InstallButton kind="secondary" />
      </div>
    </div>
  );
}

function FirstRule() {
  const repositories = useQuery(repositoriesQuery());
  return (
    <>
      <Note>A rule says which pushes deploy what. Choose a repository to start with:</Note>
      <Loaded query={repositories} what="the repositories">
        {({ items }) => (
          <ul className="divide-y divide-line rounded-control border border-line">
            {items.map((repository) => (
              <li key={repository.id} className="flex items-center gap-3 px-3 py-2 text-ui">
                <span className="min-w-0 flex-1 truncate font-medium">{repository.full_name}</span>
                <Link
                  to="/rules/new"
                  search={{ repository: String(repository.id) }}
                  aria-label={`Write a rule for ${repository.full_name}`}
                  className={buttonClass({ size: 'small' })}
                >
                  Write a rule
                </Link>
              </li>
            ))}
            {items.length === 0 && (
              <li className="px-3 py-2 text-ui text-text-2">
                The installation has no repositories yet.
              </li>
            )}
          </ul>
        )}
      </Loaded>
    </>
  );
}

function Note({ children }: { children: ReactNode }) {
  return <p className="text-body text-text-2">{children}</p>;
}
