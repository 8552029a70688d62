import { useEffect } from 'react';

/** The key `g` starts a chord; the second key follows within this time, in milliseconds. */
const CHORD_MS = 1_000;

/** Whether a key press belongs to a field and not to a shortcut. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/**
 * `g` then a letter goes to a page, `/` puts the cursor into the page's filter.
 * No single key changes anything.
 */
export function useShortcuts(go: (letter: string) => boolean): void {
  useEffect(() => {
    let chord = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[role="dialog"],[role="alertdialog"],[role="menu"]')) return;
      if (event.key === '/') {
        const filter = document.querySelector<HTMLInputElement>('input[type="search"]');
        if (filter) {
          event.preventDefault();
          filter.focus();
        }
      } else if (event.key === 'g') {
        chord = event.timeStamp;
      } else if (chord && event.timeStamp - chord < CHORD_MS) {
        chord = 0;
        if (go(event.key)) event.preventDefault();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [go]);
}
