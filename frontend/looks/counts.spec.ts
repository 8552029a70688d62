import { expect, test, type Page } from '@playwright/test';

import screens from '../tools/screens.json' with { type: 'json' };

/** What is counted of the UI, and how much of it is too much. Times are the benchmark's. */

const MOST_REQUESTS = 30;
const MOST_NODES = 1_500;
const MOST_SHIFT = 0.02;

async function settled(page: Page) {
  await page.locator('h1').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
  await expect(page.getByText('Connecting…')).toHaveCount(0);
}

test('the first page asks for few things', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  // What comes once the page is at rest, such as menus and the other pages, is not the first's.
  await page.addInitScript(() => Object.assign(window, { requestIdleCallback: () => 0 }));
  await page.goto('/');
  await settled(page);
  await page.getByRole('table').waitFor();
  expect(asked.length, asked.join('\n')).toBeLessThanOrEqual(MOST_REQUESTS);
});

test('a log of 100,000 lines is a small page', async ({ page }) => {
  await page.goto('/stacks/flood/logs');
  const grid = page.getByRole('grid', { name: 'Log lines' });
  await grid.getByText('id=99999 ').first().waitFor({ timeout: 50_000 });
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
  expect(nodes).toBeLessThanOrEqual(MOST_NODES);
});

for (const { name, path, press } of screens) {
  if (press) continue;
  test(`${name} stays where it is while it comes`, async ({ page }) => {
    await page.addInitScript(() => {
      const moved: PerformanceEntry[] = [];
      Object.assign(window, { moved });
      new PerformanceObserver((list) => moved.push(...list.getEntries())).observe({
        type: 'layout-shift',
        buffered: true,
      });
    });
    await page.goto(path);
    await settled(page);
    await page.evaluate(() => document.fonts.ready);
    const shift = await page.evaluate(async () => {
      // What is painted last is told of in the next frame.
      await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
      const { moved } = window as unknown as { moved: { value: number }[] };
      return moved.reduce((sum, { value }) => sum + value, 0);
    });
    expect(shift).toBeLessThanOrEqual(MOST_SHIFT);
  });
}
