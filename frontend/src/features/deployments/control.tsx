import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';

import { useDenied } from '~/api/access';
import { Failure } from '~/api/loaded';
import {
  approveDeployment,
  cancelDeployment,
  overrideFreeze,
  rejectDeployment,
  retryDeployment,
  rollBack,
} from '~/api/mutations';
import type { Deployment, Role } from '~/api/schema.gen';
import { usePress } from '~/lib/press';
import { Button } from '~/ui/button';
import { Confirm } from '~/ui/dialog';
import { TextField } from '~/ui/field';

import { RollBackWords } from './roll-back-words';
import { isOver } from './words';

/** What may be asked of a deployment as it stands. */
export function Control({ deployment }: { deployment: Deployment }) {
  if (!isOver(deployment)) {
    return (
      <div className="flex flex-wrap gap-2 max-sm:w-full">
        <Ask
          id={deployment.id}
          ask={cancelDeployment}
          words="Cancel deployment"
          failed="Could not cancel"
          title="What serves now goes on serving"
        />
        {deployment.frozen && (
          <Decide
            id={deployment.id}
            needs="admin"
            decide={overrideFreeze}
            words="Override freeze…"
            title={`Deploy #${deployment.number} in spite of the freeze?`}
            action="Override freeze"
          >
            <p>
              The freeze: {deployment.frozen.reason}. Only this deployment goes through it; the next
              one waits as ever. Your name and the reason stay with it.
            </p>
          </Decide>
        )}
        {deployment.needs_approval && (
          <>
            <Decide
              id={deployment.id}
              needs="operator"
              decide={rejectDeployment}
              words="Reject…"
              title={`Reject #${deployment.number}?`}
              action="Reject"
            >
              <p>
                It ends here, and what serves now goes on serving. Your name and the reason stay
                with it; GitHub hears only that it was cancelled.
              </p>
            </Decide>
            <Ask
              id={deployment.id}
              kind="primary"
              className="max-sm:order-first"
              ask={approveDeployment}
              words="Approve"
              failed="Could not approve"
              title="It goes on, and keeps your name"
            />
          </>
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
  kind,
  className,
  ask,
  words,
  failed,
  title,
}: {
  id: string;
  kind?: 'primary';
  className?: string;
  ask: (id: string) => Promise<unknown>;
  words: string;
  failed: string;
  title: string;
}) {
  const denied = useDenied('operator');
  const { busy, error, press } = usePress();
  return (
    <div className={className}>
      <Button
        size="small"
        kind={kind}
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

/** A decision that says why; the server has the last word on what a reason is. */
function Decide({
  id,
  needs,
  decide,
  words,
  title,
  action,
  children,
}: {
  id: string;
  needs: Role;
  decide: (id: string, reason: string) => Promise<unknown>;
  words: string;
  title: string;
  action: string;
  children: ReactNode;
}) {
  const denied = useDenied(needs);
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  return (
    <div>
      <Button size="small" disabledReason={denied} onClick={() => setAsking(true)}>
        {words}
      </Button>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={title}
        action={action}
        keep="Let it wait"
        onConfirm={() => decide(id, reason.trim())}
      >
        {children}
        <TextField
          label="Reason"
          autoComplete="off"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </Confirm>
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
    <div>
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
    <div>
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
        <RollBackWords />
      </Confirm>
    </div>
  );
}
