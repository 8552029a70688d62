import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { useDenied } from '~/api/access';
import { approvePruning } from '~/api/mutations';
import type { PrunePlan } from '~/api/schema.gen';
import { count } from '~/lib/text';
import { Button } from '~/ui/button';
import { Confirm } from '~/ui/dialog';

/** Names in the question; of more, the number is told. */
const SHOWN = 12;

/** Stacks that nothing asks for, too many to go by themselves, and the press that lets them go. */
export function HeldOrphans({ plan }: { plan: PrunePlan }) {
  const client = useQueryClient();
  const denied = useDenied('admin');
  const [asks, setAsks] = useState(false);
  const stacks = plan.orphans.map(({ stack }) => stack);
  const many = count(stacks.length, 'stack');
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <p className="min-w-0 flex-1 basis-80">
        <strong className="font-semibold">Nothing asks for {many}.</strong> They run on until
        somebody lets them go. If this Berth should know them, its database may be an old one.
      </p>
      <Button onClick={() => setAsks(true)}>Show them</Button>
      <Confirm
        open={asks}
        onOpenChange={setAsks}
        title={`Remove ${many}?`}
        action="Remove them"
        keep="Keep them"
        disabledReason={denied}
        onConfirm={async () => {
          await approvePruning(stacks);
          await client.invalidateQueries({ queryKey: ['status'] });
        }}
      >
        <p>Their services, networks, configs and secrets go for good. Their volumes stay.</p>
        <ul className="font-mono text-meta break-words">
          {stacks.slice(0, SHOWN).map((stack) => (
            <li key={stack}>{stack}</li>
          ))}
        </ul>
        {stacks.length > SHOWN && <p>and {stacks.length - SHOWN} more</p>}
        {denied && <p className="text-meta">{denied}</p>}
      </Confirm>
    </div>
  );
}
