/** Waits until the browser has nothing else to do, but not for ever. */
const idle = (): Promise<void> =>
  new Promise((go) => {
    if ('requestIdleCallback' in window) window.requestIdleCallback(() => go(), { timeout: 2_000 });
    else setTimeout(go, 200);
  });

/**
 * Loads one after the other, each when nothing else is to do. Ends at what can't be had: the next
 * call begins with that again. Returns the function that ends it earlier.
 */
export function loadAhead(loads: readonly (() => Promise<unknown> | undefined)[]): () => void {
  let ended = false;
  const run = async () => {
    for (const load of loads) {
      // oxlint-disable-next-line no-await-in-loop
      await idle();
      if (ended) return;
      // oxlint-disable-next-line no-await-in-loop
      await load();
    }
  };
  run().catch(() => {});
  return () => {
    ended = true;
  };
}
