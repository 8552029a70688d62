import { Check, Copy as CopyIcon } from 'lucide-react';
import { useEffect, useState } from 'react';

import { copyText } from '~/lib/copy';

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1_500);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button
      type="button"
      aria-label={done ? 'Copied' : label}
      title={label}
      onClick={() => void copyText(text).then(setDone)}
      className="grid size-6 shrink-0 place-items-center rounded-tag text-text-3 hover:bg-hover hover:text-text"
    >
      {done ? (
        <Check size={14} className="text-ok" aria-hidden />
      ) : (
        <CopyIcon size={14} aria-hidden />
      )}
    </button>
  );
}
