import { storage } from './storage';
import { Store } from './store';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

function stored(): Theme {
  const value = storage.get('theme');
  return THEMES.find((theme) => theme === value) ?? 'system';
}

/** What the person chose. public/theme-init.js reads the same key before the first paint. */
export const theme = new Store<Theme>(stored());

const prefersDark = () => window.matchMedia('(prefers-color-scheme: dark)');

function paint(): void {
  const choice = theme.get();
  const dark = choice === 'dark' || (choice === 'system' && prefersDark().matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}

export function chooseTheme(next: Theme): void {
  storage.set('theme', next);
  theme.set(next);
  paint();
}

/** Follows the system while the choice is "system". */
export function followSystemTheme(): void {
  paint();
  prefersDark().addEventListener('change', paint);
}
