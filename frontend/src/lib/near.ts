/**
 * Tells whether an element is in sight, or as near as `ahead` above or below, each time that
 * changes and at once. Undefined where the browser can't.
 */
export function watchNear(
  target: Element,
  ahead: string,
  tell: (entry: IntersectionObserverEntry) => void,
): (() => void) | undefined {
  if (!('IntersectionObserver' in window)) return undefined;
  const margin = `${ahead} 0px`;
  const observer = new IntersectionObserver(
    (entries) => {
      const entry = entries.at(-1);
      if (entry) tell(entry);
    },
    // The second is for what scrolls in itself; a browser without it has no margin there.
    { rootMargin: margin, scrollMargin: margin } satisfies IntersectionObserverInit & {
      scrollMargin: string;
    },
  );
  observer.observe(target);
  return () => observer.disconnect();
}
