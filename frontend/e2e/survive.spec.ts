import type { APIRequestContext, Page } from '@playwright/test';

import type { Status } from '../src/api/schema.gen';
import { expectAccessibleInBoth } from './axe';
import { expect, test, visit } from './test';
import { control, LONG, need, SESSION, SHOP } from './world';

/**
 * A page outlives what happens to the server and to itself: Berth dies and comes back, another
 * replica leads, the machine sleeps. It says that what it shows is old, and then shows what happened
 * meanwhile, without being loaded again.
 */
test.use({ storageState: SESSION, actionTimeout: 15_000 });
test.describe.configure({ mode: 'serial' });
test.setTimeout(LONG + 60_000);

/** Marks the page, so that a load from anew shows. */
const mark = (page: Page) => page.evaluate(() => void Object.assign(window, { marked: true }));
const isMarked = (page: Page) => page.evaluate(() => 'marked' in window);

const live = (page: Page) =>
  expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible({ timeout: 60_000 });

/** What somebody else does meanwhile. */
async function elsewhere(request: APIRequestContext, at: string, act: string): Promise<void> {
  const answer = await request.post(`${at}/api/v1/stacks/${SHOP}/${act}`, {
    headers: { 'x-berth-csrf': '1' },
  });
  expect(answer.ok(), `${act}: ${answer.status()} ${await answer.text()}`).toBe(true);
}

/** Whether the Berth whose page is open is the leader. */
async function leads(request: APIRequestContext): Promise<boolean> {
  const status = (await (await request.get('/api/v1/status')).json()) as Pick<Status, 'leader'>;
  return status.leader.is_me;
}

const paused = (page: Page) => page.locator('header').getByText('paused', { exact: true });

test('a restart of Berth: the page says that it is old, then shows what was done meanwhile', async ({
  page,
  request,
  complaints,
}) => {
  // Where it was opened so soon that the other pages were not loaded yet.
  complaints.expect(/Berth does not answer, and this page was not loaded before/);
  const second = await control('second');
  await visit(page, `/stacks/${SHOP}`);
  await expect(page.getByRole('table', { name: 'Services' })).toBeVisible();
  await live(page);
  await mark(page);

  await control('kill');
  await expect(page.getByText('Reconnecting…')).toBeVisible();
  // What was known stays; after ten seconds a line says of when it is.
  await expect(page.getByText(/What you see is from \d/)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole('table', { name: 'Services' })).toBeVisible();
  await expectAccessibleInBoth(page);
  // A page that was not open yet says what is missing, and tries again when asked.
  await page.getByRole('link', { name: 'Deployments', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: SHOP })).toBeVisible();

  await elsewhere(request, second, 'pause');
  await control('start');
  await live(page);
  await expect(page.getByText(/No connection to Berth/)).toHaveCount(0);
  await expect(paused(page)).toBeVisible();
  await expect(page.getByRole('link', { name: '#1', exact: true })).toBeVisible();
  expect(await isMarked(page)).toBe(true);
  await elsewhere(request, second, 'resume');
  await expect(paused(page)).toHaveCount(0);
});

test('a change of leader: the page goes on, and shows what the next one does', async ({
  page,
  request,
}) => {
  // The second replica has led since the first was killed.
  await expect.poll(() => leads(request)).toBe(false);
  await visit(page, `/stacks/${SHOP}`);
  await live(page);
  await mark(page);
  await control('kill-second');
  await page.getByRole('button', { name: 'Redeploy' }).click();
  const head = page.getByRole('heading', { level: 2, name: /^#\d+/ }).locator('..');
  await expect(head.getByText('Succeeded')).toBeVisible({ timeout: LONG });
  await live(page);
  expect(await isMarked(page)).toBe(true);
  expect(await leads(request)).toBe(true);
  await expect(page.getByText(/No Berth leads/)).toHaveCount(0);
});

test('an hour asleep: what happened meanwhile is there at once', async ({ page, request }) => {
  await page.clock.install();
  await visit(page, `/stacks/${SHOP}`);
  await live(page);
  await mark(page);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await elsewhere(request, need('BERTH_URL'), 'pause');
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await page.clock.fastForward('01:00:00');
  await live(page);
  await expect(paused(page)).toBeVisible();
  expect(await isMarked(page)).toBe(true);
});

test('an hour in the background: the connection is given back, and nothing is missed', async ({
  page,
  request,
}) => {
  await page.clock.install();
  await visit(page, `/stacks/${SHOP}`);
  await expect(paused(page)).toBeVisible();
  await live(page);
  await mark(page);
  const hide = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await hide(true);
  await page.clock.fastForward('01:00:00');
  await elsewhere(request, need('BERTH_URL'), 'resume');
  // Nobody told it: it does not listen.
  await expect(paused(page)).toBeVisible();
  const again = page.waitForRequest(/\/api\/v1\/stream$/);
  await hide(false);
  await again;
  await live(page);
  await expect(paused(page)).toHaveCount(0);
  expect(await isMarked(page)).toBe(true);
});
