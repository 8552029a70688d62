/** localStorage that never throws: it may be switched off, or full. */
export const storage = {
  get(key: string): string | null {
    try {
      return localStorage.getItem(`berth.${key}`);
    } catch {
      return null;
    }
  },
  set(key: string, value: string): void {
    try {
      localStorage.setItem(`berth.${key}`, value);
    } catch {
      // The choice holds until the page is left.
    }
  },
};
