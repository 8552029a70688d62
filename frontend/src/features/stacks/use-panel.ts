/**
 * How the panel of a service is opened and closed: whose press it was, that Esc closes it, and that
 * the focus goes back to where it came from. What it shows, and its address, are others' business.
 */
import { useEffect, useRef, useState } from 'react';

import { busyElsewhere, isTyping } from '~/lib/keys';

export function usePanel(open: string | undefined, onService: (service?: string) => void) {
  // Whoever arrives with its address is at the page's heading: the panel leaves the focus there.
  const [arrived, setArrived] = useState(open);
  if (arrived !== undefined && open !== arrived) setArrived(undefined);
  const opener = useRef<HTMLElement>(null);
  const last = useRef(open);

  // On a narrow screen what opened it is hidden until it is closed.
  useEffect(() => {
    const before = last.current;
    last.current = open;
    // Whoever went on elsewhere stays there; the focus of what is gone is nowhere.
    if (open !== undefined || before === undefined || hasFocus()) return;
    const back = opener.current?.isConnected ? opener.current : openerOf(before);
    opener.current = null;
    back?.focus();
  }, [open]);

  useEffect(() => {
    if (open === undefined) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || isTyping(event.target) || busyElsewhere()) return;
      event.preventDefault();
      onService(undefined);
    };
    // Before a dialog or menu closes by the same key: afterwards none would be there.
    window.addEventListener('keydown', onKey, true);
    return () => window.removeEventListener('keydown', onKey, true);
  }, [open, onService]);

  return {
    close: () => onService(undefined),
    takeFocus: open !== arrived,
    /** Somebody pressed what opens the panel of `service`; again, and it closes. */
    press: (service: string, by: HTMLElement) => {
      opener.current = by;
      onService(service === open ? undefined : service);
    },
    /** The same, of a link, which goes to the address by itself. */
    follow: (by: HTMLElement) => {
      opener.current = by;
    },
  };
}

const hasFocus = () => document.activeElement !== null && document.activeElement !== document.body;

/** What opens the panel of `service` and can be seen. */
function openerOf(service: string): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>('[data-opens]')].find(
    (it) => it.dataset.opens === service && it.checkVisibility(),
  );
}
