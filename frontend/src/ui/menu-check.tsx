import { Menu as Base } from '@base-ui/react/menu';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';

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
      className="flex h-8 cursor-pointer items-center gap-2 rounded-tag px-2 text-ui outline-none select-none data-highlighted:bg-hover"
    >
      <span className="grid size-4 shrink-0 place-items-center rounded-tag border border-line-strong">
        {checked && <Check size={13} aria-hidden />}
      </span>
      <span className="min-w-0 truncate">{children}</span>
    </Base.Item>
  );
}
