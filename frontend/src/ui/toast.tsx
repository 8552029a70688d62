import { Toast } from '@base-ui/react/toast';
import { CircleCheck, CircleX, X } from 'lucide-react';
import { useEffect } from 'react';

import { messageOf } from '~/lib/text';

import { listen, type Saying } from './say';

const toasts = Toast.createToastManager();

/** With something to press it stays for longer. */
function add({ title, undo }: Saying) {
  if (!undo) {
    toasts.add({ title, timeout: 5_000 });
    return;
  }
  const back = () => {
    toasts.close(id);
    undo().then(
      () => toasts.add({ title: 'Undone', timeout: 5_000 }),
      (failure: unknown) => {
        const why = messageOf(failure);
        toasts.add({ title: `That could not be undone: ${why}`, type: 'error', timeout: 0 });
      },
    );
  };
  const id = toasts.add({
    title,
    timeout: 10_000,
    actionProps: { children: 'Undo', onClick: back },
  });
}

/** What `say` is told, each for some seconds. */
export function Toasts() {
  // A parent's effects run after its children's: the provider listens by now.
  useEffect(() => listen(add), []);
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
        {toast.type === 'error' ? (
          <CircleX size={16} className="shrink-0 text-bad" aria-hidden />
        ) : (
          <CircleCheck size={16} className="shrink-0 text-ok" aria-hidden />
        )}
        <Toast.Title className="min-w-0 flex-1 text-ui font-medium break-words" />
        <Toast.Action className="h-6 shrink-0 rounded-tag px-1.5 text-ui font-medium text-accent hover:bg-hover" />
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
