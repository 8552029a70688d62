import { test as base, type Page, type Request } from '@playwright/test';

/** Chromium drops what it is loading when the machine's interfaces change; each new task does that. */
const SHAKEN = 'net::ERR_NETWORK_CHANGED';

/** Opens a page; again, where a task that came or went took a part of it away. */
export async function visit(page: Page, path: string): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt++) {
    let shaken = false;
    const note = (request: Request) => {
      shaken ||= request.failure()?.errorText === SHAKEN;
    };
    page.on('requestfailed', note);
    try {
      await page.goto(path);
    } catch (error) {
      if (!String(error).includes(SHAKEN)) throw error;
      shaken = true;
    }
    page.off('requestfailed', note);
    if (!shaken) return;
  }
  throw new Error(`the network changed under ${path} time and again`);
}

/** What the page complained about: its console, uncaught errors, the content security policy. */
export class Complaints {
  readonly list: string[] = [];
  private readonly expected: RegExp[] = [];

  /** What the page is to complain about in this test. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  watch(page: Page): void {
    let shaken = false;
    page.on('requestfailed', (request) => {
      shaken ||= request.failure()?.errorText === SHAKEN;
    });
    page.on('pageerror', (error) => this.list.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      const text = message.text();
      // The browser itself notes every answer that is no success; those that are wrong are below.
      if (text.startsWith('Failed to load resource')) return;
      if (shaken && /Failed to fetch dynamically imported module|was not loaded before/.test(text))
        return;
      if (this.expected.some((pattern) => pattern.test(text))) return;
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
