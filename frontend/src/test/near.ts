import { vi } from 'vitest';

/** Observers that say what a test wants: which elements are near, and how high. */
export class Nearness {
  readonly #told = new Map<Element, (near: boolean, height: number) => void>();

  constructor() {
    const told = this.#told;
    vi.stubGlobal(
      'IntersectionObserver',
      class {
        #mine: Element[] = [];
        constructor(private readonly tell: (entries: object[]) => void) {}
        observe(target: Element) {
          this.#mine.push(target);
          told.set(target, (isIntersecting, height) =>
            this.tell([{ target, isIntersecting, boundingClientRect: { height } }]),
          );
        }
        disconnect() {
          for (const target of this.#mine) told.delete(target);
        }
      },
    );
  }

  /** What is observed now. */
  get observed(): Element[] {
    return [...this.#told.keys()];
  }

  tell(target: Element | undefined, near: boolean, height = 500): void {
    if (target) this.#told.get(target)?.(near, height);
  }
}
