import { Toast } from '@base-ui/react/toast';
import { CircleCheck, X } from 'lucide-react';
import { useEffect } from 'react';

import { listen } from './say';

const toasts = Toast.createToastManager();

/** What `say` is told, each for five seconds. */
export function Toasts() {
  // A parent's effects run after its children's: the provider listens by now.
  useEffect(() => listen((title) => toasts.add({ title, timeout: 5_000 })), []);
  return (
    <Toast.Provider toastManager={toasts} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-4 z-30 flex w-80 max-w-[calc(100vw-32px)] flex-col gap-2">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts: shown } = Toast.useToastManager();
  return shown.map((toast) => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      className="pop rounded-panel border border-line bg-raised py-2 pr-2 pl-3 shadow-pop"
    >
      <Toast.Content className="flex items-center gap-2">
        <CircleCheck size={16} className="shrink-0 text-ok" aria-hidden />
        <Toast.Title className="flex-1 text-ui font-medium" />
        <Toast.Close
          aria-label="Dismiss"
          className="grid size-6 place-items-center rounded-tag text-text-3 hover:bg-hover hover:text-text"
        >
          <X size={14} aria-hidden />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ));
}
