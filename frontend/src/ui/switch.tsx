/** On or off, at once: what a form holds until it is saved is a `CheckField`. */
import { cn } from '~/lib/cn';

export function Switch({
  label,
  on,
  busy,
  onChange,
}: {
  /** What is on or off; it is the same in both. */
  label: string;
  on: boolean;
  /** The last change is under way, and another one has to wait. */
  busy?: boolean;
  onChange: (on: boolean) => void;
}) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={label}
      aria-busy={busy || undefined}
      onClick={() => {
        if (!busy) onChange(!on);
      }}
      className="inline-flex h-6 items-center gap-2 rounded-full text-meta font-medium"
    >
      <span aria-hidden className={cn('w-5 text-right', on ? 'text-text' : 'text-text-2')}>
        {on ? 'On' : 'Off'}
      </span>
      <span
        aria-hidden
        className={cn(
          'flex h-4.5 w-8 items-center rounded-full border px-0.5',
          on ? 'justify-end border-ink bg-ink' : 'border-line-strong bg-surface',
        )}
      >
        <span className={cn('size-3 rounded-full', on ? 'bg-on-ink' : 'bg-line-strong')} />
      </span>
    </button>
  );
}
