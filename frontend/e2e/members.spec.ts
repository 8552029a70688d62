import type { Browser, Page } from '@playwright/test';

import { expectAccessible } from './axe';
import { Complaints, expect, test, visit } from './test';
import { SESSION, SHOP } from './world';

/** Somebody is invited, joins in a browser of their own, may what their role allows, and leaves. */
test.use({ storageState: SESSION });

async function elsewhere(browser: Browser): Promise<{ page: Page; complaints: Complaints }> {
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  const complaints = new Complaints();
  complaints.watch(page);
  return { page, complaints };
}

test('who is invited joins, may what the role allows, and is out once removed', async ({
  page,
  browser,
  colorScheme,
}) => {
  const name = `Noor ${colorScheme}`;
  const email = `noor-${colorScheme}@example.com`;
  await visit(page, '/settings/members');
  await page.getByLabel('Invite').fill(email);
  await page.getByLabel('Role').selectOption('viewer');
  await page.getByRole('button', { name: 'Create link' }).click();
  const link = await page.getByText(/\/invitation\?token=/).innerText();
  await expectAccessible(page);

  const { page: hers, complaints } = await elsewhere(browser);
  const { pathname, search } = new URL(link);
  await visit(hers, pathname + search);
  await expect(hers.getByLabel('E-mail')).toHaveValue(email);
  await expectAccessible(hers);
  await hers.getByLabel('Name').fill(name);
  await hers.getByLabel('Password').fill('short');
  await hers.getByRole('button', { name: 'Join' }).click();
  await expect(hers.getByLabel('Password')).toHaveAccessibleDescription(/at least 10 characters/);
  await hers.getByLabel('Password').fill('a long enough password');
  await hers.getByRole('button', { name: 'Join' }).click();
  await expect(hers.getByRole('heading', { level: 1, name: 'Stacks' })).toBeVisible();

  // The link is used up, and the list has her instead: the stream told.
  const { page: late } = await elsewhere(browser);
  await visit(late, pathname + search);
  await expect(late.getByText('This invitation is not good any more')).toBeVisible();
  await expectAccessible(late);
  await late.context().close();
  const row = page.getByRole('row', { name: new RegExp(email) });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Viewer');

  // A viewer looks, and the server holds her to it.
  await visit(hers, `/stacks/${SHOP}`);
  await expect(hers.getByRole('button', { name: 'Deploy' })).toHaveAttribute(
    'title',
    /needs the role “operator”/,
  );
  const pause = () =>
    hers.evaluate(
      (stack) =>
        fetch(`/api/v1/stacks/${stack}/resume`, {
          method: 'POST',
          headers: { 'x-berth-csrf': '1' },
        }).then(({ status }) => status),
      SHOP,
    );
  expect(await pause()).toBe(403);

  await page.getByRole('button', { name: `Change ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Make operator…' }).click();
  await expectAccessible(page);
  await page.getByRole('alertdialog').getByRole('button', { name: 'Make operator' }).click();
  await expect(row).toContainText('Operator');
  // Her page hears of it by itself.
  await expect(hers.getByRole('button', { name: 'Deploy' })).not.toHaveAttribute('title', /needs/);
  expect(await pause()).not.toBe(403);
  await visit(hers, '/settings/members');
  await expect(hers.getByRole('row', { name: new RegExp(email) })).toContainText('You');
  await expect(hers.getByLabel('Invite')).toHaveCount(0);
  await expectAccessible(hers);

  await page.getByRole('button', { name: `Change ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Remove…' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove member' }).click();
  await expect(row).toHaveCount(0);
  await expect(hers.getByRole('heading', { name: 'Log in' })).toBeVisible();
  expect(complaints.list).toEqual([]);
  await hers.context().close();

  // All of it is written down, with who it was.
  await visit(page, '/events?kind=person');
  for (const told of [
    `Mira removed the member ${name}`,
    `Mira changed the role of ${name}`,
    `${name} accepted the invitation of ${email}`,
    `Mira invited ${email}`,
  ]) {
    await expect(page.getByRole('listitem').filter({ hasText: told })).toHaveCount(1);
  }
  await page
    .getByRole('navigation', { name: 'Kinds' })
    .getByRole('link', { name: 'Berth' })
    .click();
  await expect(page).toHaveURL(/kind=berth/);
  await expect(page.getByText(/took the lead in the replica/).first()).toBeVisible();
});

test('an invitation is revoked, and the only admin stays', async ({ page, colorScheme }) => {
  const email = `kim-${colorScheme}@example.com`;
  await visit(page, '/settings/members');
  await page.getByLabel('Invite').fill(email);
  await page.getByRole('button', { name: 'Create link' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: `Revoke the invitation of ${email}` }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke invitation' }).click();
  await expect(page.getByRole('row', { name: new RegExp(email) })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Change Mira' })).toHaveAttribute(
    'title',
    /only admin/,
  );
});
