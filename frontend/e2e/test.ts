import { test as base, type Page } from '@playwright/test';

/** What the page complained about: its console, uncaught errors, the content security policy. */
export class Complaints {
  readonly list: string[] = [];

  watch(page: Page): void {
    page.on('pageerror', (error) => this.list.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const text = message.text();
      // The browser itself notes every answer that is no success; those that are wrong are below.
      if (text.startsWith('Failed to load resource')) return;
      this.list.push(`console: ${text}`);
    });
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      const ours = response.url().startsWith(process.env.BERTH_URL ?? '');
      if (
        ours &&
        (response.status() >= 500 || (response.status() >= 400 && !pathname.startsWith('/api/')))
      ) {
        this.list.push(`answer: ${response.status()} ${response.url()}`);
      }
    });
  }
}

/** Every test ends with a page that had nothing to complain about. */
export const test = base.extend<{ complaints: Complaints }>({
  complaints: [
    async ({ page }, use) => {
      const complaints = new Complaints();
      complaints.watch(page);
      await use(complaints);
      base.expect(complaints.list).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect } from '@playwright/test';
