import { readFileSync } from 'node:fs';

import type { Page } from '@playwright/test';

import { expectAccessibleInBoth } from './axe';
import { expect, test, visit } from './test';
import { SESSION, SHOP } from './world';

/** What the shop's containers write; its worker says a line a second. */
test.use({ storageState: SESSION });

const grid = (page: Page) => page.getByRole('grid', { name: 'Log lines' });
const search = (page: Page) => page.getByRole('searchbox', { name: 'Search the lines' });
const follow = (page: Page) => page.getByRole('button', { name: 'Follow' });
/** How many lines the page says it has. */
const lines = async (page: Page) =>
  Number((await page.getByText(/^[\d,]+ lines?( loaded)?$/).textContent())?.replaceAll(/\D/g, ''));

test('a stack’s lines come as they are written, by one stream that ends with the page', async ({
  page,
}) => {
  let open = 0;
  const isStream = (url: string) => url.includes('/logs/stream');
  page.on('request', (request) => (open += isStream(request.url()) ? 1 : 0));
  page.on('requestfailed', (request) => (open -= isStream(request.url()) ? 1 : 0));
  page.on('requestfinished', (request) => (open -= isStream(request.url()) ? 1 : 0));

  await visit(page, `/stacks/${SHOP}`);
  await expect(page.getByRole('heading', { level: 1, name: SHOP })).toBeVisible();
  await page.keyboard.press('l');
  await expect(page).toHaveURL(`/stacks/${SHOP}/logs`);
  await expect(grid(page)).toContainText('placed an order');
  await expect(follow(page)).toHaveAttribute('aria-pressed', 'true');
  const before = await lines(page);
  await expect.poll(() => lines(page)).toBeGreaterThan(before);
  expect(open).toBe(1);

  await page.keyboard.press('1');
  await expect(page.getByRole('table', { name: 'Services' })).toBeVisible();
  await expect.poll(() => open).toBe(0);
});

test('a line is found, looked round from, shared and downloaded', async ({ page, context }) => {
  await visit(page, `/stacks/${SHOP}/logs?service=worker`);
  await expect(grid(page)).toContainText('placed an order');
  await page.keyboard.press('Control+f');
  await expect(search(page)).toBeFocused();
  await page.keyboard.type('worker of COMMIT');
  await expect(page).toHaveURL(/q=worker/);
  await expect(grid(page)).not.toContainText('placed an order');
  const found = grid(page)
    .getByRole('row')
    .filter({ hasText: /worker of commit \w+ starts/ });
  await expect(found.first()).toBeVisible();

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download' }).click(),
  ]);
  const text = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\n');
  expect(text.length).toBeGreaterThan(0);
  for (const line of text) expect(line).toMatch(/^\S+Z worker worker\.\S+ worker of commit/);

  await found.first().click();
  await expect(page).toHaveURL(/at=\d+/);
  await expect(page.getByRole('region', { name: 'Selected' })).toContainText('stdout');
  await expectAccessibleInBoth(page);
  await search(page).fill('');
  await expect(grid(page)).toContainText(/placed an order|no store yet/);
  const chosen = grid(page).getByRole('row', { selected: true });
  await expect(chosen).toContainText('worker of commit');
  await expect(page).toHaveURL(/at=\d+/);

  const other = await context.newPage();
  await visit(other, page.url());
  await expect(grid(other).getByRole('row', { selected: true })).toContainText('worker of commit');
  await expect(follow(other)).toHaveAttribute('aria-pressed', 'false');
  await other.close();
});

test('the keyboard alone reads, selects and follows', async ({ page }) => {
  await visit(page, `/stacks/${SHOP}/logs`);
  await expect(grid(page)).toContainText('placed an order');
  await grid(page).focus();
  await page.keyboard.press('ArrowUp');
  const chosen = grid(page).getByRole('row', { selected: true });
  await expect(chosen).toHaveCount(1);
  await expect(follow(page)).toHaveAttribute('aria-pressed', 'false');
  await page.keyboard.press('Shift+ArrowUp');
  await expect(chosen).toHaveCount(2);
  await page.keyboard.press('w');
  await expect(page).toHaveURL(/wrap=true/);
  await expect(chosen).toHaveCount(2);
  await expect(page.getByRole('button', { name: /\d new$/ })).toBeVisible();
  await page.keyboard.press('f');
  await expect(follow(page)).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('Escape');
  await expect(chosen).toHaveCount(0);
});

test('nothing found has a way on, on a phone too', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await visit(page, `/stacks/${SHOP}/logs?q=no+such+words&level=error`);
  await expect(page.getByText('No line matches')).toBeVisible();
  await expectAccessibleInBoth(page);
  await page.getByRole('button', { name: 'Clear the filter' }).click();
  await expect(grid(page)).toContainText('placed an order');
  await expectAccessibleInBoth(page);
  await page.getByRole('button', { name: 'Services: All services' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'worker' }).click();
  await expect(page).toHaveURL(/service=worker/);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('menu')).toHaveCount(0);
  await expectAccessibleInBoth(page);
});
