import { expect, test } from '@playwright/test';

/** What is counted of the UI, and how much of it is too much. Times are the benchmark's. */

const MOST_NODES = 1_500;

test('a log of 100,000 lines is a small page', async ({ page }) => {
  await page.goto('/stacks/flood/logs');
  const grid = page.getByRole('grid', { name: 'Log lines' });
  await grid.getByText('id=99999 ').first().waitFor({ timeout: 50_000 });
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
  expect(nodes).toBeLessThanOrEqual(MOST_NODES);
});
