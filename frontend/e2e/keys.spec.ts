import { expectAccessibleInBoth } from './axe';
import { expect, test, visit } from './test';
import { SESSION, SHOP } from './world';

/** What the keyboard alone reaches. */
test.use({ storageState: SESSION });

test('the palette finds a stack, a page and an act', async ({ page }) => {
  await visit(page, '/');
  await expect(page.getByRole('heading', { level: 1, name: 'Stacks' })).toBeVisible();
  const palette = page.getByRole('dialog', { name: 'Search or run' });
  const field = palette.getByRole('combobox');

  await page.keyboard.press('Control+k');
  await expect(field).toBeFocused();
  await expectAccessibleInBoth(page);
  await page.keyboard.type(SHOP);
  await expect(palette.getByRole('option', { selected: true })).toContainText(SHOP);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/stacks/${SHOP}`);
  await expect(page.getByRole('heading', { level: 1, name: SHOP })).toBeFocused();
  await expect(palette).toHaveCount(0);

  await page.keyboard.press('Control+k');
  await expect(palette.getByRole('group', { name: 'Here' })).toContainText(`Remove ${SHOP}…`);
  await page.keyboard.type('settings tok');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/settings/tokens');

  await page.keyboard.press('Control+k');
  await page.keyboard.type('theme: dark');
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');

  await page.keyboard.press('Control+k');
  await page.keyboard.type('<b>zzz');
  await expect(palette.getByRole('status')).toHaveText('Nothing matches “<b>zzz”');
  await page.keyboard.press('Escape');
  await expect(palette).toHaveCount(0);
});

test('arrows walk the palette, and it gives the focus back', async ({ page }) => {
  await visit(page, '/rules');
  await expect(page.getByRole('heading', { level: 1, name: 'Rules' })).toBeVisible();
  const link = page.getByRole('link', { name: 'New rule' }).first();
  await link.focus();
  await page.keyboard.press('/');
  const options = page.getByRole('option');
  await expect(options.first()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowDown');
  await expect(options.nth(1)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(options.last()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Escape');
  await expect(link).toBeFocused();
});

test('the sheet tells the shortcuts, and the keys do what it tells', async ({ page }) => {
  await visit(page, '/');
  await expect(page.getByRole('table', { name: 'Stacks' })).toBeVisible();
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet).toBeVisible();
  await expectAccessibleInBoth(page);
  await page.keyboard.press('Escape');
  await expect(sheet).toHaveCount(0);

  await page.keyboard.press('j');
  await expect(page.locator('tbody a').first()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/stacks\/[^/]+$/);
  await page.keyboard.press('2');
  await expect(page).toHaveURL(/\/deployments$/);
  await page.keyboard.press('1');
  await expect(page).toHaveURL(/\/stacks\/[^/]+$/);
});

test('single keys can be switched off', async ({ page }) => {
  await visit(page, '/settings/appearance');
  await page
    .getByRole('group', { name: 'Single-key shortcuts' })
    .getByText('Off', { exact: true })
    .click();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  await page.keyboard.press('?');
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog')).toHaveCount(1);
  await expect(page.getByRole('dialog', { name: 'Search or run' })).toBeVisible();
});

test('a phone gets the palette from its menu', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await visit(page, '/');
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Search or run…' }).click();
  const palette = page.getByRole('dialog', { name: 'Search or run' });
  await expect(palette.getByRole('combobox')).toBeFocused();
  await expect(page.getByRole('dialog')).toHaveCount(1);
  await expectAccessibleInBoth(page);
  const box = await palette.boundingBox();
  expect(box?.width).toBeLessThanOrEqual(360 - 32);
  await palette.getByRole('option', { name: 'Events' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Events' })).toBeVisible();
});
