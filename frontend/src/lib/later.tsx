import { useEffect, type ComponentType } from 'react';

import { Store, useStore } from './store';

/** A component whose code comes later; nothing is drawn until it is here. */
export type Later<Props> = ComponentType<Props> & {
  /** Gets the code, unless it is here. What failed is asked for again by the next call. */
  load: () => Promise<void>;
};

/** What React's `lazy` is for; but that keeps a failure, so that one lost request lasts until a reload. */
export function later<Props extends object>(
  get: () => Promise<ComponentType<Props>>,
): Later<Props> {
  const code = new Store<{ Here?: ComponentType<Props> }>({});
  function Part(props: Props) {
    const { Here } = useStore(code);
    return Here && <Here {...props} />;
  }
  const load = async () => {
    if (code.get().Here) return;
    try {
      code.set({ Here: await get() });
    } catch (cause) {
      throw new Error('A part of this page did not come. Try again once Berth answers.', { cause });
    }
  };
  return Object.assign(Part, { load });
}

/** Gets the code once it is `wanted`, and where that failed, each time that `again` tells. */
export function useLater(
  { load }: Pick<Later<never>, 'load'>,
  wanted: boolean,
  again: (tell: () => void) => () => void,
  onFail?: () => void,
): void {
  useEffect(() => {
    if (!wanted) return;
    const ask = () => void load().catch(() => onFail?.());
    ask();
    return again(ask);
  }, [load, wanted, again, onFail]);
}
