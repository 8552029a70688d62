/** What a toast says, and what takes it back, where something does. */
export type Saying = { title: string; undo?: (() => Promise<unknown>) | undefined };

/** What was said while nothing was there to show it: `Toasts` arrives after the first page. */
let waiting: Saying[] = [];
let show: ((saying: Saying) => void) | undefined;
let want: (() => void) | undefined;

/** Tells of a success in a toast, with an Undo beside it if `undo` is given. An error stays where it happened. */
export function say(title: string, undo?: () => Promise<unknown>): void {
  const saying = { title, undo };
  if (show) show(saying);
  else {
    waiting.push(saying);
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
export function listen(shows: (saying: Saying) => void): () => void {
  show = shows;
  const said = waiting;
  waiting = [];
  said.forEach(shows);
  return () => {
    show = undefined;
  };
}
