import { useEffect, useRef } from 'react';

/** Lights an element for a moment when `state` changes after it was first shown. */
export function useGlow<E extends HTMLElement = HTMLTableRowElement>(state: string) {
  const element = useRef<E>(null);
  const before = useRef(state);
  useEffect(() => {
    if (before.current === state) return;
    before.current = state;
    const target = element.current;
    if (!target || window.matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const light = target.animate?.([{ backgroundColor: 'var(--run-soft)' }, {}], {
      duration: 1_200,
      easing: 'cubic-bezier(.2,.8,.2,1)',
    });
    return () => light?.cancel();
  }, [state]);
  return element;
}
