import { Dialog } from '@base-ui/react/dialog';

import { Sidebar } from './sidebar';

/** The sidebar over the page, on a narrow screen. The focus goes back to what opened it. */
export function Sheet({ onClose }: { onClose: () => void }) {
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="scrim fixed inset-0 z-20 bg-scrim" />
        <Dialog.Popup className="scrim fixed inset-y-0 left-0 z-20 flex w-60 flex-col border-r border-line bg-sunken">
          <Dialog.Title className="sr-only">Menu</Dialog.Title>
          <Sidebar onGo={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
