import { Dialog } from '@base-ui/react/dialog';
import { useId, useRef, useState, type KeyboardEvent } from 'react';

import { cn } from '~/lib/cn';
import { Kbd } from '~/ui/kbd';

import { pick, type Group, type Item } from './pick';
import { useItems } from './use-items';

/** One field that finds stacks, pages and actions; everything in it is reached by the keyboard. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const left = useRef(false);
  const list = useId();
  const groups = pick(typed, useItems(typed));
  const items = groups.flatMap((group) => group.items);
  const active = items[Math.min(at, items.length - 1)];

  const run = (item: Item) => {
    // The page that it leads to takes the focus; an act gives it back to where it was.
    left.current = item.leads;
    onClose();
    item.run();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length > 0) {
      const next = (Math.min(at, items.length - 1) + step + items.length) % items.length;
      setAt(next);
      document.getElementById(`${list}-${items[next]?.id}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' && active && !event.nativeEvent.isComposing) {
      run(active);
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="scrim fixed inset-0 z-30 bg-scrim" />
        <Dialog.Popup
          initialFocus={field}
          finalFocus={() => !left.current}
          className="pop fixed top-[16vh] left-1/2 z-30 flex max-h-[68vh] w-144 max-w-[calc(100vw-32px)] -translate-x-1/2 flex-col overflow-hidden rounded-panel border border-line bg-raised shadow-pop"
        >
          <Dialog.Title className="sr-only">Search or run</Dialog.Title>
          <input
            ref={field}
            role="combobox"
            aria-label="Search stacks, pages and actions"
            aria-expanded={items.length > 0}
            aria-controls={list}
            aria-autocomplete="list"
            aria-activedescendant={active && `${list}-${active.id}`}
            autoComplete="off"
            spellCheck={false}
            placeholder="Search stacks, pages and actions…"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
              setAt(0);
            }}
            onKeyDown={onKey}
            className="h-11 shrink-0 border-b border-line bg-raised px-4 text-body outline-none"
          />
          {items.length === 0 && (
            <p role="status" className="px-4 py-3 text-ui break-words text-text-2">
              Nothing matches “{typed.trim()}”
            </p>
          )}
          <div
            id={list}
            role="listbox"
            aria-label="Found"
            hidden={items.length === 0}
            className="min-h-0 overflow-y-auto p-1.5"
          >
            {groups.map((group) => (
              <Part key={group.title} group={group} list={list}>
                {group.items.map((item) => (
                  // The field keeps the focus and handles the keys, as a combobox does.
                  // oxlint-disable-next-line click-events-have-key-events, interactive-supports-focus
                  <div
                    key={item.id}
                    id={`${list}-${item.id}`}
                    role="option"
                    tabIndex={-1}
                    aria-selected={item === active}
                    onMouseMove={() => setAt(items.indexOf(item))}
                    onClick={() => run(item)}
                    className={cn(
                      'flex min-h-9 cursor-pointer items-center gap-3 rounded-control px-2.5 text-ui',
                      item === active && 'bg-active',
                    )}
                  >
                    <span className="min-w-0 flex-1 truncate">{item.label}</span>
                    {item.aside && (
                      <span className="max-w-[50%] truncate text-text-2 max-sm:hidden">
                        {item.aside}
                      </span>
                    )}
                    {item.keys && <Kbd keys={item.keys} />}
                  </div>
                ))}
              </Part>
            ))}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Part({
  group,
  list,
  children,
}: {
  group: Group;
  list: string;
  children: React.ReactNode;
}) {
  const name = `${list}-${group.title.replaceAll(' ', '-')}`;
  return (
    <div role="group" aria-labelledby={name}>
      <p id={name} className="px-2.5 pt-2 pb-1 text-meta text-text-2">
        {group.title}
      </p>
      {children}
    </div>
  );
}
