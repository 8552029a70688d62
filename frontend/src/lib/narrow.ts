import { useSyncExternalStore } from 'react';

const phone = () => window.matchMedia('(width < 640px)');

function watch(tell: () => void): () => void {
  const query = phone();
  query.addEventListener('change', tell);
  return () => query.removeEventListener('change', tell);
}

/** Whether the page is as narrow as a phone: below the breakpoint `sm`. */
export const useNarrow = (): boolean => useSyncExternalStore(watch, () => phone().matches);
