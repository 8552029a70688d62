import { expect, test, visit } from './test';
import { need } from './world';

/**
 * Berth at a machine's own name, over plain HTTP: what a first start is. A browser trusts such an
 * address less than a loopback one: there is no clipboard, and it says less of where a request is from.
 */
test('somebody logs in over plain HTTP at the machine’s name, and copies a token', async ({
  page,
}) => {
  await visit(page, '/login');
  expect(await page.evaluate(() => [location.hostname, isSecureContext])).toEqual([
    'berth.test',
    false,
  ]);
  await page.getByLabel('E-mail').fill(need('BERTH_EMAIL'));
  await page.getByLabel('Password').fill(need('BERTH_PASSWORD'));
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Stacks' })).toBeVisible();
  await expect(page.getByText(/^Live/)).toBeVisible();

  await visit(page, '/settings/tokens');
  await page.getByLabel('New token').fill('plain');
  await page.getByRole('button', { name: 'Create token' }).click();
  const token = await page.getByText(/^berth_/).innerText();
  await page.getByRole('button', { name: 'Copy the token' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByLabel('New token').focus();
  await page.keyboard.press('Control+v');
  await expect(page.getByLabel('New token')).toHaveValue(token);

  await page.getByRole('button', { name: 'Revoke plain' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke token' }).click();
  await expect(page.getByRole('row', { name: /plain/ })).toHaveCount(0);
});
