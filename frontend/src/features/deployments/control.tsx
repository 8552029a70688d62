import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { useDenied } from '~/api/access';
import { Failure } from '~/api/loaded';
import { approveDeployment, cancelDeployment, retryDeployment, rollBack } from '~/api/mutations';
import type { Deployment } from '~/api/schema.gen';
import { usePress } from '~/lib/press';
import { Button } from '~/ui/button';
import { Confirm } from '~/ui/dialog';

import { isOver } from './words';

/** What may be asked of a deployment as it stands. */
export function Control({ deployment }: { deployment: Deployment }) {
  if (!isOver(deployment)) {
    return (
      <div className="ml-auto flex flex-wrap gap-2">
        <Ask
          id={deployment.id}
          ask={cancelDeployment}
          words="Cancel deployment"
          failed="Could not cancel"
          title="What serves now goes on serving"
        />
        {deployment.needs_approval && (
          <Ask
            id={deployment.id}
            ask={approveDeployment}
            words="Approve"
            failed="Could not approve"
            title="It goes on, and keeps your name"
          />
        )}
      </div>
    );
  }
  switch (deployment.phase) {
    case 'succeeded':
      return deployment.can_roll_back ? <RollBack deployment={deployment} /> : null;
    case 'failed':
    case 'cancelled':
      return <Retry id={deployment.id} />;
    default:
      return null;
  }
}

function Ask({
  id,
  ask,
  words,
  failed,
  title,
}: {
  id: string;
  ask: (id: string) => Promise<unknown>;
  words: string;
  failed: string;
  title: string;
}) {
  const denied = useDenied('operator');
  const { busy, error, press } = usePress();
  return (
    <div>
      <Button
        size="small"
        busy={busy}
        disabledReason={denied}
        title={title}
        onClick={() => press(() => ask(id))}
      >
        {words}
      </Button>
      <Failure error={error} title={failed} />
    </div>
  );
}

function useShow() {
  const navigate = useNavigate();
  return ({ stack, number }: Pick<Deployment, 'stack' | 'number'>) =>
    navigate({
      to: '/stacks/$stack/deployments/$number',
      params: { stack, number: String(number) },
    });
}

function Retry({ id }: { id: string }) {
  const denied = useDenied('operator');
  const show = useShow();
  const { busy, error, press } = usePress();
  return (
    <div className="ml-auto">
      <Button
        size="small"
        busy={busy}
        disabledReason={denied}
        onClick={() => press(async () => show(await retryDeployment(id)))}
      >
        Retry
      </Button>
      <Failure error={error} title="Could not retry" />
    </div>
  );
}

function RollBack({ deployment }: { deployment: Deployment }) {
  const denied = useDenied('operator');
  const show = useShow();
  const [asking, setAsking] = useState(false);
  const { stack, number } = deployment;
  return (
    <div className="ml-auto">
      <Button size="small" disabledReason={denied} onClick={() => setAsking(true)}>
        Roll back to this
      </Button>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={`Roll ${stack} back to #${number}?`}
        action="Roll back"
        keep="Leave it"
        onConfirm={async () => show(await rollBack(stack, number))}
      >
        <p>
          Its release is applied as it is kept: the same images, configs, secrets and variables.
          Nothing is built. Data in volumes stays as it is now.
        </p>
        <p>The next push deploys as ever.</p>
      </Confirm>
    </div>
  );
}
