import { useSyncExternalStore } from 'react';

/** One value outside React that components can watch: theme, connection. */
export class Store<T> {
  #value: T;
  #watchers = new Set<() => void>();

  constructor(first: T) {
    this.#value = first;
  }

  get = (): T => this.#value;

  set = (next: T): void => {
    if (Object.is(next, this.#value)) return;
    this.#value = next;
    for (const tell of this.#watchers) tell();
  };

  /** `watch`, bound, as React wants it: the same function every time. */
  subscribe = (tell: () => void): (() => void) => this.watch(tell);

  watch(tell: () => void): () => void {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  }
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
