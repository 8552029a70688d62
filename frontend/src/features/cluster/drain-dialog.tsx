import type { NodeDetail } from '~/api/schema.gen';
import { setAvailability } from '~/api/mutations';
import { count } from '~/lib/text';
import { Confirm } from '~/ui/dialog';
import { say } from '~/ui/say';

import { FATES, outlook } from './words';

/** Asks before a node is drained, and says what becomes of each task on it. */
export function DrainDialog({
  detail: { node, load, blind },
  denied,
  open,
  onOpenChange,
  onDone,
}: {
  detail: NodeDetail;
  denied: string | undefined;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onDone: (detail: NodeDetail) => void;
}) {
  const refused = load ? load.no_drain : `What would move is not known: ${blind}`;
  return (
    <Confirm
      open={open}
      onOpenChange={onOpenChange}
      title={`Drain ${node.hostname}?`}
      action={node.berth_leader ? 'Drain it all the same' : 'Drain node'}
      keep="Leave it"
      disabledReason={denied ?? refused ?? undefined}
      onConfirm={async () => {
        onDone(
          await setAvailability(node.id, {
            availability: 'drain',
            even_with_leader: node.berth_leader,
          }),
        );
        say(`${node.hostname} is being drained; “Make active” takes it back`);
      }}
    >
      {refused && <p className="font-medium text-bad">{refused}</p>}
      {load && load.tasks.length > 0 && !refused && (
        <>
          <p>
            Its {count(load.tasks.length, 'task')} {load.tasks.length === 1 ? 'stops' : 'stop'}, at
            once, and it takes no more until it is made active.
          </p>
          <Outlook tasks={load.tasks} />
          <p>Tasks that moved do not come back by themselves.</p>
        </>
      )}
      {load && load.tasks.length === 0 && !refused && (
        <p>Nothing runs on it. It takes no tasks until it is made active.</p>
      )}
      {node.berth_leader && !refused && (
        <p>
          <strong className="font-semibold text-text">
            Berth’s leader works through this node.
          </strong>{' '}
          Where Berth is a service of this Swarm, it ends here, and another replica leads once the
          lease has run out.
        </p>
      )}
    </Confirm>
  );
}

function Outlook({ tasks }: { tasks: NonNullable<NodeDetail['load']>['tasks'] }) {
  return (
    <div
      // It scrolls where there is much: the keyboard must get there, too.
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      role="group"
      aria-label="What becomes of its tasks"
      className="max-h-[32vh] space-y-2 overflow-y-auto rounded-control border border-line px-3 py-2"
    >
      {outlook(tasks).map(([fate, groups]) => (
        <div key={fate}>
          <h3 className="text-meta font-medium text-text-2">{FATES[fate].many}</h3>
          <ul className="text-ui text-text">
            {groups.map(({ key, name, many, why }) => (
              <li key={key} className="break-words">
                {name}
                {many > 1 && ` ×${many}`}
                {why && <span className="text-text-2"> — {why}</span>}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}
