import { expectAccessible } from './axe';
import { expect, test, visit } from './test';
import { SESSION, SHOP } from './world';

/** The Swarm's one node, and what keeps it from being drained. */
test.use({ storageState: SESSION });

test('a node’s page tells what runs on it, and why it can’t be drained', async ({ page }) => {
  await visit(page, '/cluster');
  const nodes = page.getByRole('table', { name: 'Nodes' });
  const link = nodes.getByRole('link').first();
  const name = await link.innerText();
  await link.click();
  await expect(page).toHaveURL(/\/cluster\/nodes\/\w+$/);
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  const tasks = page.getByRole('table', { name: 'Tasks' });
  await expect(tasks.getByRole('link', { name: `Stack ${SHOP}` }).first()).toBeVisible();
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Drain…' }).click();
  const dialog = page.getByRole('alertdialog', { name: `Drain ${name}?` });
  await expect(dialog).toContainText('No other node takes tasks');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();

  await page.setViewportSize({ width: 360, height: 740 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(360);
  await expectAccessible(page);
});
