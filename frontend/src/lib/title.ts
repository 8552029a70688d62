import { useEffect } from 'react';

/** Names the page in the tab; put what is most particular first. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Berth`;
  }, [title]);
}
