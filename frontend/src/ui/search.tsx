import { useEffect, useRef, useState, type Ref } from 'react';

import { cn } from '~/lib/cn';

/** A filter that reports what was typed after a short pause, and follows the URL. */
export function Search({
  label,
  value,
  onChange,
  keys = '/',
  className,
  ref,
}: {
  label: string;
  value: string;
  onChange: (next: string) => void;
  /** The keys that reach it. */
  keys?: string;
  className?: string;
  ref?: Ref<HTMLInputElement>;
}) {
  const [draft, setDraft] = useState(value);
  const [seen, setSeen] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  if (value !== seen) {
    // The URL changed by itself: back, forward, or a chip.
    setSeen(value);
    setDraft(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <input
      ref={ref}
      type="search"
      aria-label={label}
      aria-keyshortcuts={keys}
      placeholder={`${label}…`}
      value={draft}
      onChange={(event) => {
        const next = event.target.value;
        setDraft(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => {
          setSeen(next);
          onChange(next);
        }, 200);
      }}
      className={cn(
        'h-8 w-full rounded-control border border-line-strong bg-surface px-2.5 text-ui sm:w-64',
        className,
      )}
    />
  );
}
