import { Link } from '@tanstack/react-router';

import type { Deployment } from '~/api/schema.gen';
import { Said } from '~/ui/said';

import { brokenPhase, momentOf, placeText, STEP_WORDS } from './words';

/** Why it ended early, directly under the phases. */
export function ReasonLine({ deployment }: { deployment: Deployment }) {
  const { reason, phase, phases } = deployment;
  const broken = brokenPhase(phases);
  const text = reason?.text || broken?.message;
  if (!text) return null;
  const place = placeText(deployment);
  const moment = momentOf(deployment);
  if (phase !== 'failed') {
    return (
      <p className="border-t border-line bg-sunken px-3 py-2 text-ui text-text-2">
        <Said text={text} />
      </p>
    );
  }
  return (
    <p className="border-t border-bad-line bg-bad-soft px-3 py-2 text-ui break-words whitespace-pre-wrap text-bad">
      {broken && <strong className="font-semibold">{STEP_WORDS[broken.phase]} failed. </strong>}
      <Said text={text} />
      {place && <code className="mt-1 block font-mono text-meta">{place}</code>}
      {moment && (
        <Link
          to="/stacks/$stack/logs"
          params={{ stack: deployment.stack }}
          search={moment}
          className="mt-1 block w-fit text-accent underline underline-offset-2"
        >
          Logs from that minute
        </Link>
      )}
    </p>
  );
}
