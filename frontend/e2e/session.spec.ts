import { expectAccessibleInBoth } from './axe';
import { expect, test, visit } from './test';
import { need, SESSION, SHOP } from './world';

test.describe('nobody is logged in', () => {
  test('any page leads to the login and back', async ({ page }) => {
    await visit(page, `/stacks/${SHOP}/deployments`);
    await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
    await expectAccessibleInBoth(page);
    await page.getByLabel('E-mail').fill(need('BERTH_EMAIL'));
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    await page.getByLabel('Password').fill(need('BERTH_PASSWORD'));
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page).toHaveURL(`/stacks/${SHOP}/deployments`);
    await expect(page.getByRole('heading', { level: 1, name: SHOP })).toBeVisible();

    await page.getByRole('button', { name: 'Mira' }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
    await visit(page, '/');
    await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  });

  test('a link to another site is not followed after the login', async ({ page }) => {
    await visit(page, '/login?from=//example.com/');
    await page.getByLabel('E-mail').fill(need('BERTH_EMAIL'));
    await page.getByLabel('Password').fill(need('BERTH_PASSWORD'));
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Stacks' })).toBeVisible();
  });
});

test.describe('a person is logged in', () => {
  test.use({ storageState: SESSION });

  test('a token is shown once, works, and is revoked', async ({ page, request }) => {
    await visit(page, '/settings/tokens');
    await page.getByLabel('New token').fill('e2e');
    await page.getByRole('button', { name: 'Create token' }).click();
    const token = await page.getByText(/^berth_/).innerText();
    await expectAccessibleInBoth(page);
    const ask = () =>
      request.get('/api/v1/stacks', { headers: { authorization: `Bearer ${token}`, cookie: '' } });
    expect((await ask()).status()).toBe(200);

    await page.reload();
    await expect(page.getByRole('row', { name: /e2e/ })).toBeVisible();
    await expect(page.getByText(/^berth_/)).toHaveCount(0);

    await page.getByRole('button', { name: 'Revoke e2e' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke token' }).click();
    await expect(page.getByRole('row', { name: /e2e/ })).toHaveCount(0);
    expect((await ask()).status()).toBe(401);
  });

  test('a browser that is logged in elsewhere is seen, and logged out', async ({
    page,
    browser,
  }) => {
    const elsewhere = await browser.newContext({
      storageState: { cookies: [], origins: [] },
      userAgent: 'Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/150.0',
    });
    const other = await elsewhere.newPage();
    await visit(other, '/login');
    await other.getByLabel('E-mail').fill(need('BERTH_EMAIL'));
    await other.getByLabel('Password').fill(need('BERTH_PASSWORD'));
    await other.getByRole('button', { name: 'Log in' }).click();
    await expect(other.getByRole('heading', { level: 1, name: 'Stacks' })).toBeVisible();

    await visit(page, '/settings/sessions');
    const row = page.getByRole('row', { name: /Firefox on Windows/ });
    await expect(row).toBeVisible();
    await expect(page.getByRole('row', { name: /This browser/ })).toHaveCount(1);
    await row.getByRole('button', { name: 'Log out Firefox on Windows' }).click();
    await expectAccessibleInBoth(page);
    await page.getByRole('alertdialog').getByRole('button', { name: 'Log out' }).click();
    await expect(row).toHaveCount(0);
    await visit(other, '/rules');
    await expect(other.getByRole('heading', { name: 'Log in' })).toBeVisible();
    await elsewhere.close();
    await expect(page.getByRole('row', { name: /This browser/ })).toBeVisible();
  });

  test('the theme that was chosen is there before the first paint', async ({ page }) => {
    await visit(page, '/settings/appearance');
    await page.getByText('Dark', { exact: true }).click();
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await page.reload({ waitUntil: 'commit' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  });

  test('the keyboard reaches every page', async ({ page }) => {
    await visit(page, '/');
    await expect(page.getByRole('heading', { level: 1, name: 'Stacks' })).toBeVisible();
    for (const [key, heading] of [
      ['p', 'Previews'],
      ['r', 'Rules'],
      ['e', 'Events'],
      ['c', 'Cluster'],
      ['t', 'Settings'],
      ['s', 'Stacks'],
    ] as const) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await expect(page.getByRole('heading', { level: 1, name: heading })).toBeFocused();
    }
    await page.keyboard.press('/');
    await expect(page.getByRole('searchbox', { name: 'Filter by name' })).toBeFocused();
    await page.keyboard.type('no-such-stack');
    await expect(page).toHaveURL(/q=no-such-stack/);
    await expect(page.getByText('No stack matches “no-such-stack”')).toBeVisible();
    await page.getByRole('link', { name: 'Clear the filter' }).click();
    await expect(page.getByRole('table', { name: 'Stacks' })).toBeVisible();
  });

  test('a phone finds the menu', async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await visit(page, '/');
    await page.getByRole('button', { name: 'Menu' }).click();
    await expect(page.getByRole('dialog', { name: 'Menu' })).toBeVisible();
    await expectAccessibleInBoth(page);
    await page.getByRole('dialog').getByRole('link', { name: 'Rules' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Rules' })).toBeVisible();
    await expect(page.getByRole('dialog')).toHaveCount(0);

    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'Rules' }).click();
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });

  test('a menu opened while the page still loads stays open', async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    // The page's own code is late: until it is here, the router has not arrived.
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    await page.route(/_app\.rules\.index/, async (route) => {
      await arrived;
      await route.continue();
    });
    await visit(page, '/');
    await expect(page.getByRole('heading', { level: 1, name: 'Stacks' })).toBeVisible();
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await page.getByRole('button', { name: 'Menu' }).click();
    await expect(page.getByRole('dialog', { name: 'Menu' })).toBeVisible();
    arrive();
    await expect(page.locator('h1', { hasText: 'Rules' })).toBeVisible();
    await expect(page.getByRole('dialog', { name: 'Menu' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Menu' })).toBeFocused();
  });
});
