import type { Page } from '@playwright/test';

import { expect, test, visit } from './test';
import { LONG, need, SHOP } from './world';

/**
 * The main journey over a slow line: everything works, something is shown while one waits, and
 * nothing gives up.
 */
test.setTimeout(LONG + 120_000);

/** 400 ms there and back, 400 kbit/s down, half of it up. */
async function slow(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 400,
    downloadThroughput: 400_000 / 8,
    uploadThroughput: 200_000 / 8,
  });
}

test('the main journey works on a slow line', async ({ page }) => {
  const patient = expect.configure({ timeout: 60_000 });
  page.setDefaultTimeout(60_000);
  await slow(page);
  await visit(page, '/login');
  await page.getByLabel('E-mail').fill(need('BERTH_EMAIL'));
  await page.getByLabel('Password').fill(need('BERTH_PASSWORD'));
  const login = page.getByRole('button', { name: 'Log in' });
  await login.click();
  await expect(login).toHaveAttribute('aria-busy', 'true');
  await patient(page.getByRole('heading', { level: 1, name: 'Stacks' })).toBeVisible();

  // While the list is on its way there is its shape, and no empty page. It may be short: the page
  // itself looks for it, in every frame from the first one.
  await page.addInitScript(() => {
    const look = () => {
      const shape = document.querySelector('[role=status][aria-label=Loading]');
      if (shape && getComputedStyle(shape).visibility === 'visible') {
        document.documentElement.dataset.shaped = 'yes';
      } else {
        requestAnimationFrame(look);
      }
    };
    look();
  });
  await page.reload({ waitUntil: 'commit' });
  await patient(page.getByRole('table', { name: 'Stacks' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-shaped', 'yes');

  await page
    .getByRole('table', { name: 'Stacks' })
    .getByRole('link', { name: SHOP, exact: true })
    .click();
  await patient(page.getByRole('table', { name: 'Services' })).toBeVisible();
  await patient(page.getByText(/^Live/)).toBeVisible();

  const redeploy = page.getByRole('button', { name: 'Redeploy' });
  await redeploy.click();
  await expect(redeploy).toHaveAttribute('aria-busy', 'true');
  const head = page.getByRole('heading', { level: 2, name: /^#\d+/ }).locator('..');
  await patient(head.getByText('Deploying')).toBeVisible();
  await expect(head.getByText('Succeeded')).toBeVisible({ timeout: LONG });
  await patient(page.getByRole('grid', { name: 'Build log' })).toBeVisible();

  const main = page.getByRole('navigation', { name: 'Main' });
  for (const name of ['Previews', 'Rules', 'Events', 'Cluster', 'Settings', 'Stacks']) {
    await main.getByRole('link', { name }).click();
    await patient(page.getByRole('heading', { level: 1, name })).toBeVisible();
    await patient(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
    await expect(page.getByText(/Could not load/)).toHaveCount(0);
  }

  // A form: what it shows of the server arrives late, and it is saved all the same.
  await main.getByRole('link', { name: 'Rules' }).click();
  await page.getByRole('link', { name: 'Production' }).click();
  await patient(page.getByLabel('Name', { exact: true })).toHaveValue('Production');
  const priority = page.getByLabel('Priority');
  await priority.selectOption((await priority.inputValue()) === 'high' ? 'normal' : 'high');
  await page.getByRole('button', { name: 'Save rule' }).click();
  await patient(page.getByRole('heading', { level: 1, name: 'Rules' })).toBeVisible();

  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Search or run' });
  await patient(palette.getByRole('combobox')).toBeFocused();
  await page.keyboard.type(SHOP);
  await patient(palette.getByRole('option', { selected: true })).toContainText(SHOP);
});
