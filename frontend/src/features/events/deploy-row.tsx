import { Link } from '@tanstack/react-router';
import { Rocket } from 'lucide-react';

import type { DeployEvent, Phase } from '~/api/schema.gen';
import { asReason, shortSha } from '~/lib/text';
import { Said } from '~/ui/said';
import { Status, type Look } from '~/ui/status';
import { Ago } from '~/ui/time';

const ENDS: Partial<Record<Phase, Look>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  superseded: 'superseded',
  cancelled: 'cancelled',
};

/** What was deployed, why, and how that stands. All of it leads to the deployment. */
export function DeployRow({ deployment, at }: { deployment: DeployEvent; at: string }) {
  const { stack, number, phase, why, sha, message, reason } = deployment;
  return (
    <Link
      to="/stacks/$stack/deployments/$number"
      params={{ stack, number: String(number) }}
      className="grid grid-cols-[16px_minmax(0,1fr)_auto] items-center gap-x-3 px-3 py-2 text-ui -outline-offset-2 hover:bg-hover lg:grid-cols-[16px_104px_200px_minmax(0,1fr)_auto]"
    >
      <Rocket size={14} aria-hidden className="text-text-3" />
      <span className="max-lg:order-2">
        <Status look={ENDS[phase] ?? 'deploying'} />
      </span>
      <span className="truncate font-medium max-lg:order-1" title={`${stack} #${number}`}>
        {stack} #{number}
      </span>
      <span className="min-w-0 max-lg:order-4 max-lg:col-span-2 max-lg:col-start-2">
        <span className="flex min-w-0 items-baseline gap-2">
          <code className="shrink-0 font-mono text-meta text-text-2">{shortSha(sha)}</code>
          <span className="truncate">{message}</span>
        </span>
        <span className="block truncate text-meta text-text-2">
          <Said text={asReason(reason ?? why)} />
        </span>
      </span>
      <span className="text-meta text-text-2 max-lg:order-5 max-lg:col-start-2 lg:text-right">
        <Ago at={at} />
      </span>
    </Link>
  );
}
