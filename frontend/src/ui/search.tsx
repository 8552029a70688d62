import { useEffect, useRef, useState } from 'react';

/** A filter that reports what was typed after a short pause, and follows the URL. */
export function Search({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (next: string) => void;
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
      type="search"
      aria-label={label}
      aria-keyshortcuts="/"
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
      className="h-8 w-full rounded-control border border-line-strong bg-surface px-2.5 text-ui sm:w-64"
    />
  );
}
