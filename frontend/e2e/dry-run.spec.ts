import type { APIRequestContext } from '@playwright/test';

import { expectAccessibleInBoth } from './axe';
import { expect, test, visit } from './test';
import { SESSION, SHOP } from './world';

/** What a deployment would do is asked for, answered by the leader, and nothing is deployed. */
test.use({ storageState: SESSION });

async function deployments(request: APIRequestContext): Promise<number> {
  const answer = await request.get(`/api/v1/stacks/${SHOP}/deployments`);
  return ((await answer.json()) as { items: unknown[] }).items.length;
}

test('a dry run says what Redeploy would do, and deploys nothing', async ({ page, request }) => {
  const before = await deployments(request);
  await visit(page, `/stacks/${SHOP}`);
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Dry run' }).click();
  await expect(page).toHaveURL(`/stacks/${SHOP}/dry-run`);
  await expect(page).toHaveTitle(/^Dry run · /);
  await expect(page.getByRole('heading', { level: 2, name: 'Dry run' })).toBeVisible();
  // The stream brings the answer: nothing is loaded again.
  await expect(
    page.getByText(/^Redeploy would (change nothing|make [\d,]+ changes?)$/),
  ).toBeVisible({
    timeout: 60_000,
  });
  await expect(page.getByText('compose.yaml', { exact: true })).toBeVisible();
  await expectAccessibleInBoth(page);

  // It has an address, and the palette leads to it.
  await page.reload();
  await expect(page.getByText(/^Redeploy would/)).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('dry run');
  await expect(page.getByRole('option', { name: `Dry run of ${SHOP}` })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page.getByText(/^Redeploy would/)).toBeVisible({ timeout: 60_000 });

  await page.setViewportSize({ width: 360, height: 740 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(360);
  expect(await deployments(request)).toBe(before);
});
