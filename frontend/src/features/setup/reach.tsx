import type { Github } from '~/api/schema.gen';
import { Bar } from '~/ui/bar';
import { Outside } from '~/ui/outside';
import { Said } from '~/ui/said';
import { Ago } from '~/ui/time';

import { Copyable } from './copyable';
import { doubt } from './reachable';
import { Step, Waiting } from './step';

/**
 * Whether GitHub reaches this Berth: where its webhooks go, whether one has come, and what to do
 * while none has. Only a delivery proves it, so this asks nobody and claims nothing else.
 */
export function Reach({ github }: { github: Github }) {
  const { app, github_url, last_delivery_at, webhook_url } = github;
  // A GitHub of one's own may well be in the same network.
  const why = github_url === 'https://github.com' ? doubt(webhook_url) : null;
  return (
    <Step
      number={1}
      title="Be reached by GitHub"
      state={last_delivery_at ? 'done' : why ? 'doubtful' : 'waiting'}
      result={
        <>
          GitHub reached us {last_delivery_at && <Ago at={last_delivery_at} />} at{' '}
          <code className="font-mono text-meta break-all">{webhook_url}</code>
        </>
      }
    >
      <p className="text-body text-text-2">
        GitHub tells of a push by sending it to this address, which it has to reach:
      </p>
      <Copyable text={webhook_url} label="Copy the webhook address" />
      {why ? (
        <Bar tone="warn">
          <p className="font-semibold">
            <Said text={why} />
          </p>
          <p className="mt-0.5">
            <Said text="Start Berth with `BERTH_PUBLIC_URL` set to an address that can be opened from the internet." />
            {app && ` ${MOVED}`}
          </p>
        </Bar>
      ) : (
        <Waiting>
          {app
            ? 'Nothing has come yet. GitHub sends something once the App exists, and once it is installed.'
            : 'The first webhook comes once the App exists.'}
        </Waiting>
      )}
      {app && !why && <Remedies github={github} page={app.html_url} />}
      <Elsewhere publicUrl={github.public_url} />
    </Step>
  );
}

/** The App keeps the address that it was made with. */
const MOVED = 'Then change the webhook address in the App’s settings on GitHub to the new one.';

/** What to look at, the likeliest first, while nothing comes. */
function Remedies({ github, page }: { github: Github; page: string }) {
  const secure = github.webhook_url.startsWith('https:');
  return (
    <div className="text-ui">
      <p className="mb-1.5 font-medium">If it stays like that</p>
      <ol className="list-decimal space-y-1.5 pl-5 text-text-2 marker:text-text-3">
        <li>
          Open the address from outside your network, such as on a phone without Wi-Fi. Whatever
          Berth answers is good; where nothing answers, look at the name’s DNS entry and at the
          firewall.
        </li>
        {secure && (
          <li>
            See that the browser takes the certificate: GitHub refuses what it does not trust.
          </li>
        )}
        <li>
          <Said text="If it is not the address that it should be, start Berth with another `BERTH_PUBLIC_URL`." />{' '}
          {MOVED}
        </li>
        <li>
          GitHub says why a delivery failed, and sends it again: on the{' '}
          <Outside href={page}>App’s page</Outside>, under App settings, Advanced.
        </li>
      </ol>
    </div>
  );
}

/** Whoever came here by another address may have set the wrong one. */
function Elsewhere({ publicUrl }: { publicUrl: string }) {
  const here = window.location.origin;
  let there;
  try {
    there = new URL(publicUrl).origin;
  } catch {
    return null;
  }
  if (here === there) return null;
  return (
    <p className="text-ui break-words text-text-2">
      <Said
        text={`You are at \`${here}\`, and GitHub is told \`${there}\`. That is fine where both lead to this Berth; if not, set \`BERTH_PUBLIC_URL\`.`}
      />
    </p>
  );
}
