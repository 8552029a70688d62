/** When a stream of events is opened, given back and opened again. */

/** A hidden tab gives its connection back after this time: a browser has only six for one host. */
const HIDDEN_MS = 30_000;

/** How long to wait before each further attempt to connect. */
const RETRY_MS = [500, 1_000, 2_000, 5_000];
const LAST_MS = 10_000;

/** What to wait before the attempt of this number, counted from 0, in milliseconds. */
export const retryAfter = (attempt: number): number => RETRY_MS[attempt] ?? LAST_MS;

/**
 * Opens now and whenever the tab is shown again, closes once it was hidden for a while. Both may be
 * called when it is so already. Returns the function that ends this; it closes, too.
 */
export function whileVisible(open: () => void, close: () => void): () => void {
  let hide: ReturnType<typeof setTimeout> | undefined;
  const onVisibility = () => {
    clearTimeout(hide);
    if (document.hidden) hide = setTimeout(close, HIDDEN_MS);
    else open();
  };
  document.addEventListener('visibilitychange', onVisibility);
  open();
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    clearTimeout(hide);
    close();
  };
}
