/** What was said while nothing was there to show it: `Toasts` arrives after the first page. */
let waiting: string[] = [];
let show: ((title: string) => void) | undefined;
let want: (() => void) | undefined;

/** Tells of a success in a toast. An error stays where it happened. */
export function say(title: string): void {
  if (show) show(title);
  else {
    waiting.push(title);
    want?.();
  }
}

/** Tells whenever something is said that nothing is there to show. Returns the function that ends it. */
export function whenWaiting(tell: () => void): () => void {
  want = tell;
  return () => {
    want = undefined;
  };
}

/** From now on `shows` is told, first what waits. Returns the function that ends it. */
export function listen(shows: (title: string) => void): () => void {
  show = shows;
  const said = waiting;
  waiting = [];
  said.forEach(shows);
  return () => {
    show = undefined;
  };
}
