import { readFileSync } from 'node:fs';

import type { Locator, Page } from '@playwright/test';

import { expectAccessibleInBoth } from './axe';
import { expect, test, visit } from './test';
import { need, SESSION } from './world';

/** Thousands of events: they come as one scrolls, and the page stays small, quick and where it is. */
test.use({ storageState: SESSION });
test.describe.configure({ mode: 'serial' });
test.setTimeout(240_000);

/** Of this run alone. */
const HOST = `thousands-${Date.now()}.example.com`;
const EVENTS = 3_000;
const PATH = `/events?q=${HOST}`;
/** What is loaded at once, and what is read again of a list of sixty pages. */
const PAGE = 50;
const FEW = 8;

/** Stores or forgets the login to a registry that nobody uses, which is an event each time. */
async function login(method: 'PUT' | 'DELETE'): Promise<void> {
  const { cookies } = JSON.parse(readFileSync(SESSION, 'utf8')) as {
    cookies: { name: string; value: string }[];
  };
  // Not by the browser's client: its trace of thousands of requests takes longer than they do.
  const answer = await fetch(`${need('BERTH_URL')}/api/v1/registries/${HOST}`, {
    method,
    headers: {
      cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
      'content-type': 'application/json',
      'x-berth-csrf': '1',
    },
    body: method === 'PUT' ? JSON.stringify({ username: 'robot', password: 'none' }) : null,
  });
  expect(answer.ok, await answer.text()).toBe(true);
}

test.beforeAll(async () => {
  test.setTimeout(240_000);
  let left = EVENTS;
  const some = async () => {
    while (left-- > 0) await login('PUT');
  };
  await Promise.all([some(), some(), some(), some()]);
});

test.afterAll(() => login('DELETE'));

const rows = (page: Page) => page.locator('[data-rows] [role=listitem]');
const place = (n: number) => `[data-rows] [aria-posinset="${n}"]`;
const toEnd = (page: Page) =>
  page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));

/** Scrolls to the end until there is no more. */
async function all(page: Page): Promise<void> {
  await expect(async () => {
    await toEnd(page);
    await expect(page.getByRole('button', { name: 'Show more' })).toHaveCount(0, { timeout: 50 });
  }).toPass({ intervals: [0], timeout: 120_000 });
}

/** How often the list was asked for. */
function asked(page: Page): () => number {
  let count = 0;
  page.on('request', (request) => (count += request.url().includes('/api/v1/events?') ? 1 : 0));
  return () => count;
}

test('thousands of events come as one scrolls, in a page that stays small and quick', async ({
  page,
}) => {
  await page.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(window, { tasks });
    new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({ type: 'longtask' });
  });
  const requests = asked(page);
  await visit(page, PATH);
  await expect(rows(page).first()).toBeVisible();
  await all(page);
  await expect(page.locator(place(EVENTS))).toBeVisible();
  await expect(page.locator(place(EVENTS))).toHaveAttribute('aria-setsize', String(EVENTS));
  // Every page once; the stream may have told of the last ones while the first was there.
  expect(requests()).toBeLessThan(EVENTS / PAGE + FEW);

  // From the end to the beginning, a screen at a time.
  await page.evaluate(async () => {
    while (scrollY > 0) {
      scrollBy(0, -innerHeight);
      await new Promise(requestAnimationFrame);
    }
  });
  await expect(page.locator(place(1))).toBeVisible();
  await expect.poll(() => page.locator('main *').count()).toBeLessThan(4_000);
  await expectAccessibleInBoth(page);
  const tasks = await page.evaluate(() => Reflect.get(window, 'tasks') as number[]);
  const worst = Math.round(Math.max(0, ...tasks));
  const sum = Math.round(tasks.reduce((one, other) => one + other, 0));
  test.info().annotations.push({
    type: 'found',
    description: `${tasks.length} long tasks, the longest ${worst} ms, together ${sum} ms`,
  });
  // Where the machine is busy a task waits: 0.5 s in all where it is not, 7 s where others use all
  // of it. A page that held every row would need minutes.
  expect(worst).toBeLessThan(1_000);
  expect(sum).toBeLessThan(20_000);
});

test('what one reads stays where it is when something happens, and when one comes back', async ({
  page,
}) => {
  await visit(page, PATH);
  await expect(rows(page).first()).toBeVisible();
  await all(page);
  const read = page.locator(place(EVENTS / 2));
  const top = async (row: Locator) => (await row.boundingBox())?.y;
  await expect(async () => {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
    await expect(read).toBeInViewport({ timeout: 500 });
  }).toPass();
  const before = await top(read);

  const requests = asked(page);
  await login('PUT');
  // The new one is above: the same row, which is one later by now, is where it was.
  const later = page.locator(place(EVENTS / 2 + 1));
  await expect.poll(() => top(later)).toBe(before);
  expect(requests()).toBeLessThan(FEW);

  await page.getByRole('link', { name: 'Rules', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Rules' })).toBeVisible();
  await page.goBack();
  await expect.poll(() => top(later)).toBe(before);
  expect(requests()).toBeLessThan(2 * FEW);

  await page.evaluate(() => scrollTo(0, 0));
  await expect(page.locator(place(1))).toBeInViewport();
  await expect(rows(page).first()).toContainText(HOST);
});
