import { Dialog } from '@base-ui/react/dialog';

import { COPY_KEY, FIND_KEY, PALETTE_KEY, SHIFT_KEY } from '~/lib/keys';
import { PLACES } from '~/lib/places';
import { Kbd } from '~/ui/kbd';

const PARTS: readonly { title: string; keys: readonly [keys: string, does: string][] }[] = [
  {
    title: 'Anywhere',
    keys: [
      [PALETTE_KEY, 'Search or run'],
      ['/', 'Filter the list, or search'],
      ['?', 'These shortcuts'],
    ],
  },
  {
    title: 'Go to',
    keys: PLACES.map(({ key, label }) => [`g ${key}`, label]),
  },
  {
    title: 'In a list',
    keys: [
      ['j', 'Next row'],
      ['k', 'Previous row'],
      ['Enter', 'Open'],
    ],
  },
  {
    title: 'On a stack',
    keys: [
      ['1', 'Overview'],
      ['2', 'Deployments'],
      ['l', 'Logs'],
      ['d', 'Diff'],
      ['Esc', 'Close a service’s panel'],
    ],
  },
  {
    title: 'In the logs',
    keys: [
      ['f', 'Follow the newest lines'],
      ['w', 'Wrap long lines'],
      [FIND_KEY, 'Search the lines'],
      ['↑ ↓', 'Previous or next line'],
      [SHIFT_KEY, 'Select more lines'],
      [COPY_KEY, 'Copy what is selected'],
    ],
  },
];

/** Every shortcut. Single keys are switched off in the settings. */
export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="scrim fixed inset-0 z-30 bg-scrim" />
        <Dialog.Popup className="pop fixed top-[10vh] left-1/2 z-30 max-h-[80vh] w-144 max-w-[calc(100vw-32px)] -translate-x-1/2 overflow-y-auto rounded-panel border border-line bg-raised p-5 shadow-pop">
          <div className="flex items-center">
            <Dialog.Title className="text-panel font-semibold">Keyboard shortcuts</Dialog.Title>
            <Dialog.Close className="ml-auto h-7 rounded-control px-2.5 text-ui font-medium text-text-2 hover:bg-hover hover:text-text">
              Close
            </Dialog.Close>
          </div>
          <div className="mt-4 mb-1 gap-x-8 sm:columns-2">
            {PARTS.map(({ title, keys }) => (
              <section key={title} className="break-inside-avoid pb-4">
                <h2 className="mb-1 text-meta font-medium text-text-2">{title}</h2>
                <dl>
                  {keys.map(([key, does]) => (
                    <div key={key} className="flex min-h-8 items-center gap-3 text-ui">
                      <dt className="min-w-0 flex-1">{does}</dt>
                      <dd>
                        <Kbd keys={key} />
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
          <Dialog.Description className="text-meta text-text-2">
            No single key changes anything. Single keys can be switched off under Settings,
            Appearance.
          </Dialog.Description>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
