import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { restartStack } from '~/api/mutations';
import type { Stack } from '~/api/schema.gen';
import { Confirm } from '~/ui/dialog';
import { CheckField, ChoiceField } from '~/ui/field';

const NONE: ReadonlySet<string> = new Set();

/** Asks before what runs is started anew: all of it, or some services. */
export function RestartDialog({
  stack,
  open,
  onOpenChange,
}: {
  stack: Stack;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const navigate = useNavigate();
  const [which, setWhich] = useState<'all' | 'some'>('all');
  const [chosen, setChosen] = useState(NONE);
  // What ends by itself runs with a deployment.
  const services = stack.services.filter(({ mode }) => !mode.endsWith('job'));
  const refused = stack.deploying
    ? 'A deployment is under way. Wait for its end, or cancel it.'
    : services.length === 0
      ? 'Nothing of it runs yet.'
      : undefined;
  const nothing = which === 'some' && chosen.size === 0 ? 'Choose a service' : undefined;
  return (
    <Confirm
      open={open}
      onOpenChange={(next) => {
        onOpenChange(next);
        setWhich('all');
        setChosen(NONE);
      }}
      title={`Restart ${stack.name}?`}
      action="Restart"
      keep="Leave it"
      kind="primary"
      disabledReason={refused ?? nothing}
      onConfirm={async () => {
        const { number } = await restartStack(stack.name, which === 'all' ? [] : [...chosen]);
        await navigate({
          to: '/stacks/$stack/deployments/$number',
          params: { stack: stack.name, number: String(number) },
        });
      }}
    >
      {refused && <p className="font-medium text-bad">{refused}</p>}
      <p>
        The tasks of each service are replaced by new ones, one after the other as its update
        settings say.
      </p>
      <p>
        What runs stays the same release, with the same images, configs, secrets and variables.
        Nothing is built, and no job runs.
      </p>
      {services.length > 1 && (
        <div className="pt-1 text-text">
          <ChoiceField
            label="Services"
            name="restart"
            options={[
              { value: 'all', label: `All ${services.length}` },
              { value: 'some', label: 'Chosen ones' },
            ]}
            value={which}
            onChange={setWhich}
          />
          {which === 'some' && (
            <div
              role="group"
              aria-label="Services to restart"
              className="mt-3 max-h-[28vh] space-y-2 overflow-y-auto px-0.5 py-0.5"
            >
              {services.map(({ name }) => (
                <CheckField
                  key={name}
                  label={name}
                  checked={chosen.has(name)}
                  onChange={({ target }) => {
                    const next = new Set(chosen);
                    if (target.checked) next.add(name);
                    else next.delete(name);
                    setChosen(next);
                  }}
                />
              ))}
            </div>
          )}
        </div>
      )}
    </Confirm>
  );
}
