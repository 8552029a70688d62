import { useEffect, useId } from 'react';

import { Store } from './store';

/** Something that the page one is on can do; the palette offers it first. */
export type Act = {
  label: string;
  run: () => void;
  /** It leads to another page, which takes the focus. */
  leads?: boolean;
};

/** What the palette and the sheet of shortcuts are opened by, from anywhere. */
export const overlay = new Store<'palette' | 'shortcuts' | null>(null);

/** The acts of what is on the screen, by who offers them. */
export const acts = new Store<ReadonlyMap<string, readonly Act[]>>(new Map());

/** Offers acts for as long as the component is there. `offered` may be new on every render. */
export function useActs(offered: readonly Act[]): void {
  const id = useId();
  useEffect(() => {
    acts.set(new Map([...acts.get(), [id, offered]]));
  });
  useEffect(
    () => () => {
      const left = new Map(acts.get());
      left.delete(id);
      acts.set(left);
    },
    [id],
  );
}
