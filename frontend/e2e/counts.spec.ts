import { expect, test, visit } from './test';
import { SESSION, SHOP } from './world';

/** What a page may cost, in numbers that no machine's speed changes. */

/** Requests for the first page, its data and fonts included. */
const REQUESTS = 30;

/** Elements of a page, however much there is to show. */
const ELEMENTS = 1500;

/** How much of a page may move while it comes, as the browser counts it. */
const SHIFT = 0.02;

/** Bytes of a file that is not worth compressing. */
const TINY = 1024;

test.use({ storageState: SESSION });

declare global {
  interface Window {
    shifted?: number;
    /** When the first row of a list was there. */
    shown?: number;
  }
}

test.beforeEach(async ({ page }) => {
  await page.addInitScript(() => {
    window.shifted = 0;
    new MutationObserver(() => {
      if (!window.shown && document.querySelector('tbody tr')) window.shown = performance.now();
    }).observe(document, { childList: true, subtree: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
      })[])
        if (!entry.hadRecentInput) window.shifted = (window.shifted ?? 0) + entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
});

test('the first page takes few requests, compressed as well as can be', async ({
  page,
  request,
}) => {
  await visit(page, '/');
  await expect(page.getByText(/^Live/)).toBeVisible();
  // What comes later is fetched ahead, for pages that are yet to be opened.
  const asked = await page.evaluate(() => {
    const all = performance.getEntriesByType('resource');
    return all.filter(({ startTime }) => startTime <= (window.shown ?? 0)).map(({ name }) => name);
  });
  expect(asked.length + 1).toBeGreaterThan(10);
  expect(asked.length + 1).toBeLessThanOrEqual(REQUESTS);

  const files = asked.filter((url) => /\/assets\/.*\.(js|css)$/.test(url));
  expect(files.length).toBeGreaterThan(2);
  for (const url of files) {
    const answer = await request.get(url, { headers: { 'accept-encoding': 'br' } });
    // What is tiny only grows by it.
    const tiny = (await answer.body()).length < TINY;
    expect([url, answer.headers()['content-encoding']]).toEqual([url, tiny ? undefined : 'br']);
    expect(answer.headers()['cache-control']).toContain('immutable');
  }
});

for (const path of ['/', `/stacks/${SHOP}`, `/stacks/${SHOP}/logs`, '/events', '/rules']) {
  test(`${path} is small, and nothing in it moves while it comes`, async ({ page }) => {
    await visit(page, path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.getByText(/^Live/)).toBeVisible();
    await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
    const [elements, shifted] = await page.evaluate(() => [
      document.querySelectorAll('*').length,
      window.shifted ?? 1,
    ]);
    expect(elements).toBeLessThanOrEqual(ELEMENTS);
    expect(shifted).toBeLessThanOrEqual(SHIFT);
  });
}
