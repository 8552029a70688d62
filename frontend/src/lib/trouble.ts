import { useEffect, useId } from 'react';

const ICONS = { well: '/favicon.svg', trouble: '/favicon-trouble.svg' };
const places = new Set<string>();

function show() {
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]');
  icon?.setAttribute('href', places.size > 0 ? ICONS.trouble : ICONS.well);
}

/** While this is so, the tab's icon has a dot: something on this page needs a person. */
export function useTrouble(is: boolean): void {
  const place = useId();
  useEffect(() => {
    if (!is) return;
    places.add(place);
    show();
    return () => {
      places.delete(place);
      show();
    };
  }, [is, place]);
}
