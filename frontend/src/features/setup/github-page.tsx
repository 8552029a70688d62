import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';

import { useDenied } from '~/api/access';
import { Failure, Loaded } from '~/api/loaded';
import { createInstallLink, createManifest } from '~/api/mutations';
import { githubQuery } from '~/api/queries';
import type { Github } from '~/api/schema.gen';
import { safeUrl } from '~/lib/text';
import { useTitle } from '~/lib/title';
import { Button, buttonClass } from '~/ui/button';
import { ChoiceField, TextField } from '~/ui/field';
import { Mark } from '~/ui/mark';
import { Outside } from '~/ui/outside';
import { Centred } from '~/ui/page';

import { FirstStack } from './first-stack';
import { postForm } from './post-form';
import { Reach } from './reach';
import { Step, type StepState } from './step';

const PERMISSIONS = [
  ['Contents, issues, metadata: read', 'to get the source of the commit'],
  ['Pull requests: write', 'to keep one comment with the preview’s address'],
  ['Deployments, checks, statuses: write', 'to say what came of a push'],
] as const;

/** From nothing to the first stack; GitHub calls back, and the cards fill themselves. */
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
        Four steps to the first stack. You can leave and come back at any point.
      </p>
      <Loaded query={query} what="how far the setup is">
        {(github) => <Steps github={github} />}
      </Loaded>
    </Centred>
  );
}

function Steps({ github }: { github: Github }) {
  const app: StepState = github.app ? 'done' : 'now';
  const installed = github.installations.length > 0;
  const install: StepState = installed ? 'done' : github.app ? 'now' : 'later';
  return (
    <ol className="space-y-3">
      <Reach github={github} />
      <Step
        number={2}
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
        <CreateApp />
      </Step>
      <Step
        number={3}
        title="Choose repositories"
        state={install}
        result={<Installed github={github} />}
      >
        <Note>GitHub asks which repositories the App may see. Berth sees no others.</Note>
        <InstallButton kind="primary" />
      </Step>
      <FirstStack number={4} installed={installed} />
    </ol>
  );
}

function CreateApp() {
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
        GitHub shows the App before it exists, and nothing is made until you confirm there.
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
      </span>
      <div className="-my-1 ml-auto">
        <InstallButton kind="secondary" />
      </div>
    </div>
  );
}

function Note({ children }: { children: ReactNode }) {
  return <p className="text-body text-text-2">{children}</p>;
}
