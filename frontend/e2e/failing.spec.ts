import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { APIRequestContext } from '@playwright/test';

import { expectAccessibleInBoth } from './axe';
import { expect, test, visit } from './test';
import { Clone, LONG, routed, SESSION, SHOP } from './world';

/** A version that does not work: it is taken back by itself, the page says why, and a person rolls back. */
test.use({ storageState: SESSION });
test.describe.configure({ mode: 'serial' });
test.setTimeout(LONG + 60_000);

const HOST = `${SHOP}.localhost`;
let clone: Clone;
/** The number of the last deployment that was well. */
let well = 0;

/** The number of the newest deployment. */
async function newest(request: APIRequestContext): Promise<number> {
  const answer = await request.get(`/api/v1/stacks/${SHOP}/deployments`);
  const { items } = (await answer.json()) as { items: { number: number }[] };
  return Math.max(...items.map(({ number }) => number));
}

test('a version that fails its health check is taken back, and the page says why', async ({
  page,
  request,
}) => {
  clone = new Clone();
  const before = clone.git('rev-parse', 'HEAD');
  well = await newest(request);
  const failed = `#${well + 1}`;
  const good = readFileSync(join(clone.folder, 'web/Dockerfile'), 'utf8');
  const sick = good.replace(
    /^CMD .*$/m,
    'CMD ["sh", "-c", "echo no price list to read; sleep 600 & wait"]',
  );
  expect(sick).not.toBe(good);
  await visit(page, `/stacks/${SHOP}`);
  expect((await routed(HOST)).text).toContain(before.slice(0, 7));

  const bad = clone.push('main', 'Fall ill', 'web/Dockerfile', sick);
  await page.getByRole('link', { name: failed, exact: true }).click({ timeout: 60_000 });
  const head = page.getByRole('heading', { level: 2, name: `${failed} Fall ill` }).locator('..');
  await expect(head.getByText('Failed')).toBeVisible({ timeout: LONG });
  // Why: the step, the service, the engine's words with the exit code, and its last lines.
  const why = page.locator('p').filter({ hasText: 'Converging failed' });
  await expect(why).toContainText('web');
  await expect(why).toContainText(/unhealthy|exit/);
  await expect(why).toContainText(/\(\d+\)/);
  await expect(why).toContainText('no price list to read');
  await expectAccessibleInBoth(page);

  // What served before is put back by itself, and has gone on serving all along.
  await page.getByRole('link', { name: 'Overview' }).click();
  const header = page.locator('header').filter({ has: page.getByRole('heading', { level: 1 }) });
  await expect(header.getByText('In sync')).toBeVisible({ timeout: LONG });
  await expect(page.getByText(`Deployment ${well + 1} failed`).first()).toBeVisible();
  await expectAccessibleInBoth(page);
  const still = await routed(HOST);
  expect(still.status).toBe(200);
  expect(still.text).toContain(before.slice(0, 7));
  expect(still.text).not.toContain(bad.slice(0, 7));

  await visit(page, '/');
  const attention = page.getByRole('region', { name: 'Needs attention' });
  await expect(attention).toContainText(`Deployment ${well + 1} failed`);
  await attention.getByRole('link', { name: SHOP }).click();
  await expect(page).toHaveURL(`/stacks/${SHOP}/deployments/${well + 1}`);
  await visit(page, '/events');
  await expect(page.getByRole('link', { name: /Matched.*main/ }).first()).toBeVisible();
  await expectAccessibleInBoth(page);
});

test('a person rolls back to what was well, and the next push deploys as ever', async ({
  page,
  request,
}) => {
  await visit(page, `/stacks/${SHOP}/deployments/${well}`);
  await page.getByRole('button', { name: 'Roll back to this' }).click();
  const dialog = page.getByRole('alertdialog');
  await expect(dialog).toContainText(`Roll ${SHOP} back to #${well}?`);
  await expectAccessibleInBoth(page);
  await dialog.getByRole('button', { name: 'Roll back' }).click();
  await expect(page).toHaveURL(`/stacks/${SHOP}/deployments/${well + 2}`);
  const head = page.getByRole('heading', { level: 2, name: `#${well + 2}` }).locator('..');
  await expect(head.getByText('Succeeded')).toBeVisible({ timeout: LONG });
  await expect(page.getByText('rollback').first()).toBeVisible();
  await expectAccessibleInBoth(page);
  expect((await routed(HOST)).status).toBe(200);

  await visit(page, `/stacks/${SHOP}`);
  await expect(page.getByText(/^Deployment \d+ failed/)).toHaveCount(0);
  clone.git('revert', '--no-edit', 'HEAD');
  const cured = clone.push('main', 'Get well', 'config/banner.txt', 'Fresh fish again.\n');
  const last = `#${well + 3}`;
  await page.getByRole('link', { name: last, exact: true }).click({ timeout: 60_000 });
  const cure = page.getByRole('heading', { level: 2, name: `${last} Get well` }).locator('..');
  await expect(cure.getByText('Succeeded')).toBeVisible({ timeout: LONG });
  expect((await routed(HOST)).text).toContain(cured.slice(0, 7));
  expect(await newest(request)).toBe(well + 3);
});
