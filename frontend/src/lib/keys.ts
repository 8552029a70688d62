import { useEffect } from 'react';

import { overlay } from './acts';
import { storage } from './storage';
import { Store } from './store';

/** The key `g` starts a chord; the second key follows within this time, in milliseconds. */
const CHORD_MS = 1_000;

/** Whether single keys do something; who speaks to a computer may want them off (WCAG 2.1.4). */
export const singleKeys = new Store(storage.get('single-keys') !== 'off');

export function chooseSingleKeys(on: boolean): void {
  storage.set('single-keys', on ? 'on' : 'off');
  singleKeys.set(on);
}

const MAC = /mac|iphone|ipad/i.test(globalThis.navigator?.userAgent ?? '');

/** How the palette's own key is written here, and the others that hold a second one down. */
export const PALETTE_KEY = MAC ? '⌘K' : 'Ctrl K';
export const FIND_KEY = MAC ? '⌘F' : 'Ctrl F';
export const COPY_KEY = MAC ? '⌘C' : 'Ctrl C';
export const SHIFT_KEY = MAC ? '⇧↓' : 'Shift ↓';

/** Whether a key press belongs to a field and not to a shortcut. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/**
 * Ctrl K opens the palette everywhere. Outside of fields, `g` then a letter goes to a page, `?`
 * shows the shortcuts, `j` and `k` walk a list, and a key that something on the page names in
 * `aria-keyshortcuts` reaches it. No single key changes anything.
 */
export function useShortcuts(go: (letter: string) => boolean): void {
  useEffect(() => {
    let chord = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
        if (overlay.get() === null && busyElsewhere()) return;
        event.preventDefault();
        overlay.set(overlay.get() === 'palette' ? null : 'palette');
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (!singleKeys.get() || busyElsewhere()) return;
      const chorded = chord && event.timeStamp - chord < CHORD_MS;
      chord = event.key === 'g' ? event.timeStamp : 0;
      if (chorded ? go(event.key) : single(event.key)) {
        chord = 0;
        event.preventDefault();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [go]);
}

/** Whether a dialog or a menu has the keyboard. A toast is a dialog, too, and keeps nobody from anything. */
export const busyElsewhere = () =>
  document.querySelector(
    '[role="dialog"]:not([aria-modal="false"]),[role="alertdialog"],[role="menu"]',
  ) !== null;

function single(key: string): boolean {
  if (key === '?') {
    overlay.set('shortcuts');
    return true;
  }
  if (key === 'j' || key === 'k') return walk(key === 'j' ? 1 : -1);
  const named = /^[a-z\d/]$/.test(key)
    ? document.querySelector<HTMLElement>(`main [aria-keyshortcuts~="${key}"]`)
    : null;
  if (named instanceof HTMLInputElement) named.focus();
  else if (named) named.click();
  else if (key === '/') overlay.set('palette');
  else return false;
  return true;
}

/** Moves the focus to the next row of the page's lists, by what a row is reached with. */
function walk(step: 1 | -1): boolean {
  const rows = 'main tbody tr, main [data-rows] > li, main [data-rows] [role=listitem]';
  const stops = [...document.querySelectorAll(rows)].flatMap((row) => {
    const stop = row.querySelector<HTMLElement>('a[href], button');
    return stop ? [{ row, stop }] : [];
  });
  const here = stops.findIndex(({ row }) => row.contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : stops.length - 1) : here + step;
  stops[Math.max(0, Math.min(next, stops.length - 1))]?.stop.focus();
  return stops.length > 0;
}
