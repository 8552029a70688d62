import { useState } from 'react';

export type Press = {
  busy: boolean;
  /** Why the last press came to nothing; undefined from the next press on. */
  error: unknown;
  /** Does it; a failure is kept in `error`, never thrown. */
  press: (act: () => Promise<unknown>) => void;
};

/** What stands round an act at a press: that it is under way, and why it failed. */
export function usePress(): Press {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const press = (act: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    act()
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return { busy, error, press };
}
