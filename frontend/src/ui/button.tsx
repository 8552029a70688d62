import { cva, type VariantProps } from 'class-variance-authority';
import { LoaderCircle } from 'lucide-react';
import type { ComponentProps } from 'react';

export const buttonClass = cva(
  'inline-flex shrink-0 items-center justify-center gap-2 rounded-control text-ui font-medium whitespace-nowrap select-none aria-disabled:cursor-not-allowed aria-pressed:bg-active',
  {
    variants: {
      kind: {
        primary:
          'bg-ink text-on-ink hover:bg-ink-hover aria-disabled:bg-active aria-disabled:text-text-3',
        secondary:
          'border border-line bg-surface text-text hover:bg-hover aria-disabled:text-text-3 aria-disabled:hover:bg-surface',
        quiet: 'text-text-2 hover:bg-hover hover:text-text aria-disabled:text-text-3',
        danger:
          'bg-bad text-surface hover:opacity-90 dark:text-on-ink aria-disabled:bg-active aria-disabled:text-text-3',
      },
      size: { normal: 'h-8 px-3', small: 'h-7 px-2.5', icon: 'size-8' },
    },
    defaultVariants: { kind: 'secondary', size: 'normal' },
  },
);

type Props = ComponentProps<'button'> &
  VariantProps<typeof buttonClass> & {
    /** Work that this button started is going on. */
    busy?: boolean;
    /** Why it can't be pressed; it stays reachable by keyboard and says so. */
    disabledReason?: string | undefined;
  };

export function Button({ kind, size, busy, disabledReason, onClick, children, ...rest }: Props) {
  const off = Boolean(busy || disabledReason);
  return (
    <button
      {...rest}
      type={rest.type ?? 'button'}
      className={buttonClass({ kind, size })}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      title={disabledReason ?? rest.title}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy && <LoaderCircle size={15} className="animate-turn" aria-hidden />}
      {children}
    </button>
  );
}
