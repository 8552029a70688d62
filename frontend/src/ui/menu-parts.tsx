import { Menu as Base } from '@base-ui/react/menu';
import { Check } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';

import type { MenuProps } from './menu';

/** The library's menu; only `menu.tsx` asks for this file, once a menu may be wanted. */
export function Menu({
  trigger,
  children,
  align = 'end',
  side = 'bottom',
  opened,
}: MenuProps & { opened: boolean }) {
  return (
    <Base.Root modal={false} defaultOpen={opened}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner align={align} side={side} sideOffset={4} className="z-20">
          <Base.Popup className="pop min-w-44 rounded-panel border border-line bg-raised p-1 shadow-pop outline-none">
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

const ITEM =
  'flex h-8 cursor-pointer items-center gap-2 rounded-tag px-2 text-ui outline-none select-none data-highlighted:bg-hover';

export function MenuItem(props: ComponentProps<typeof Base.Item>) {
  return <Base.Item {...props} className={ITEM} />;
}

/**
 * One of several in a menu that may be chosen together; the menu stays open. An item with another
 * role: the library's own would weigh on every page with a menu.
 */
export function MenuCheck({
  checked,
  onChange,
  children,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
}) {
  return (
    <Base.Item
      role="menuitemcheckbox"
      aria-checked={checked}
      closeOnClick={false}
      onClick={() => onChange(!checked)}
      className={ITEM}
    >
      <span className="grid size-4 shrink-0 place-items-center rounded-tag border border-line-strong">
        {checked && <Check size={13} aria-hidden />}
      </span>
      <span className="min-w-0 truncate">{children}</span>
    </Base.Item>
  );
}
