import type { Locator, Page } from '@playwright/test';

import { expect, test, visit } from './test';
import { SESSION, SHOP } from './world';

/**
 * Click everything: from page to page by every link, and on each page every menu, tab, box and
 * button, with nobody watching but the console, the policy and the network. What would change
 * something outside of the page is left out by name, and says why.
 */
test.use({ storageState: SESSION, actionTimeout: 15_000 });
test.setTimeout(400_000);

/** Controls that are not pressed, by their whole name, and why. */
const LEFT_OUT: readonly [name: RegExp, why: string][] = [
  [/^Log out$/, 'ends the session at once'],
  [/^Mira$/, 'its menu is opened below, by itself: it holds “Log out”'],
  [
    /^(Redeploy|Deploy|Retry|Approve|Cancel deployment)$/,
    'deploys, or stops a deployment, at once',
  ],
  [/^(Save|Create|Make|Change password|Store|Send|Test|Replay)/, 'sends its form, or asks GitHub'],
  [/^(Choose repositories|Create on GitHub|Change$)/, 'leaves for GitHub'],
  [/^(Download)/, 'saves a file'],
  [/^(Pause|Make active)$/, 'says at once whether a node takes tasks'],
  [/^The rule /, 'switches a rule on or off at once'],
];
/** Menu items that act without asking again; what a dry run shows is in dry-run.spec.ts. */
const LEFT_OUT_ITEMS = /^(Pause|Resume|Log out|Drain|Activate|Dry run)/;
/** Links to pages that say nothing new: one of each kind is enough. */
const KINDS: readonly [pattern: RegExp, most: number][] = [
  [/^\/stacks\/[^/]+\/deployments\/\d+/, 3],
  [/^\/events\?.*id=/, 3],
  [/^\/stacks\/[^/]+\?service=/, 3],
  [/\?/, 24],
];

/** What is not as it should be on the whole way. */
class Watch {
  readonly list: string[] = [];

  async on(page: Page): Promise<void> {
    await page.exposeFunction('berthViolation', (text: string) =>
      this.list.push(`policy: ${text}`),
    );
    await page.addInitScript(() =>
      document.addEventListener('securitypolicyviolation', (event) => {
        const tell = Reflect.get(window, 'berthViolation') as (text: string) => void;
        tell(`${event.violatedDirective} ${event.blockedURI} at ${location.pathname}`);
      }),
    );
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // Whoever goes on to the next page drops what was on its way to this one.
      if (why === 'net::ERR_ABORTED' || why === 'net::ERR_NETWORK_CHANGED') return;
      this.list.push(`request: ${why} ${request.method()} ${request.url()}`);
    });
    page.on('response', (response) => {
      const ours = response.url().startsWith(process.env.BERTH_URL ?? '');
      if (ours && response.status() >= 400 && !GONE.test(response.url())) {
        this.list.push(`answer: ${response.status()} ${response.url()} on ${page.url()}`);
      }
    });
    page.on('request', (request) => {
      if (!['GET', 'HEAD'].includes(request.method()) && !READS.test(request.url())) {
        this.list.push(`change: ${request.method()} ${request.url()} on ${page.url()}`);
      }
    });
    // What was typed and not saved is left behind; nothing else asks in a window of its own.
    page.on(
      'dialog',
      (dialog) => void (dialog.type() === 'beforeunload' ? dialog.accept() : dialog.dismiss()),
    );
  }
}

/** Asked by POST because the question is long; they change nothing. */
const READS = /\/rules\/(matches|replay)(\?|$)/;

/** The stack of a pull request that was closed: old events still name it, and its page says so. */
const GONE = /\/api\/v1\/stacks\/[^/]+-pr-\d+(\/|$)/;

const settled = async (page: Page) => {
  await expect(page.locator('h1').first()).toBeVisible();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
};

async function nameOf(control: Locator): Promise<string> {
  return control.evaluate((node) => {
    const label = node.getAttribute('aria-label');
    const by = node.getAttribute('aria-labelledby');
    const labelled = by && document.getElementById(by)?.textContent;
    return (label ?? (labelled || null) ?? node.textContent ?? '').replace(/\s+/g, ' ').trim();
  });
}

/** Every place of this Berth that the page links to. */
const linksOf = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLAnchorElement>('a[href]')]
      .filter((link) => link.origin === location.origin && !link.hasAttribute('download'))
      .filter((link) => !link.pathname.startsWith('/api/'))
      .map((link) => link.pathname + link.search),
  );

/** Closes what a press has opened: dialogs are cancelled, menus shut. */
async function shut(page: Page): Promise<void> {
  for (let layer = 0; layer < 3; layer++) {
    const open = page
      .getByRole('alertdialog')
      .or(page.getByRole('dialog'))
      .or(page.getByRole('menu'));
    const before = await open.count();
    if (before === 0) return;
    await page.keyboard.press('Escape');
    await expect.poll(() => open.count()).toBeLessThan(before);
  }
  await expect(page.getByRole('dialog').or(page.getByRole('alertdialog'))).toHaveCount(0);
}

/** Opens a menu and presses each item that asks before it acts, or that only leads somewhere. */
async function menu(page: Page, trigger: Locator, path: string): Promise<void> {
  await trigger.click();
  await expect(page.getByRole('menu')).toBeVisible();
  const names = await page.getByRole('menuitem').allInnerTexts();
  await shut(page);
  for (const name of names.filter((it) => !LEFT_OUT_ITEMS.test(it))) {
    await trigger.click();
    await page.getByRole('menuitem', { name, exact: true }).click();
    // What asks may have to be fetched first.
    if (name.endsWith('…')) await expect(page.getByRole('alertdialog')).toBeVisible();
    await shut(page);
    if (new URL(page.url()).pathname !== new URL(path, page.url()).pathname) {
      await visit(page, path);
      await settled(page);
    }
  }
}

/** Presses everything on a page that changes nothing, each once; says what it was. */
async function pressAll(page: Page, path: string): Promise<number> {
  let pressed = 0;
  const done = new Set<string>();
  const controls = page.locator(
    'button:visible, [role=tab]:visible, [role=switch]:visible, summary:visible, main input[type=checkbox]:visible',
  );
  // What a press shows is pressed in the next round.
  for (let round = 0; round < 3; round++) {
    const names = await Promise.all((await controls.all()).map(nameOf));
    const fresh = names.filter((name) => name && !done.has(name));
    if (fresh.length === 0) break;
    for (const name of new Set(fresh)) {
      done.add(name);
      if (LEFT_OUT.some(([pattern]) => pattern.test(name))) continue;
      const places = await Promise.all((await controls.all()).map(nameOf));
      const place = places.indexOf(name);
      if (place < 0) continue;
      const control = controls.nth(place);
      if ((await control.getAttribute('aria-disabled')) === 'true') continue;
      if ((await control.getAttribute('aria-haspopup')) === 'menu') await menu(page, control, path);
      else await control.click();
      pressed += 1;
      await shut(page);
      if (new URL(page.url()).pathname !== new URL(path, page.url()).pathname) {
        await visit(page, path);
        await settled(page);
      }
    }
  }
  return pressed;
}

/** Whether there have been enough pages of this kind. */
function enough(path: string, seen: Map<RegExp, number>): boolean {
  const kind = KINDS.find(([pattern]) => pattern.test(path));
  if (!kind) return false;
  const [pattern, most] = kind;
  const count = (seen.get(pattern) ?? 0) + 1;
  seen.set(pattern, count);
  return count > most;
}

test('every link leads somewhere, and everything that can be pressed can be', async ({ page }) => {
  const watch = new Watch();
  await watch.on(page);
  const found = ['/'];
  const known = new Set(found);
  const kinds = new Map<RegExp, number>();
  let pressed = 0;
  for (let next = 0; next < found.length; next++) {
    const path = found[next] ?? '';
    await test.step(path, async () => {
      await visit(page, path);
      await settled(page);
      await expect(
        page.locator('h1', { hasText: 'Not found' }),
        `${path} leads nowhere`,
      ).toHaveCount(0);
      for (const link of await linksOf(page)) {
        if (known.has(link) || enough(link, kinds)) continue;
        known.add(link);
        found.push(link);
      }
      // A filter's page has the same controls as the page without it.
      if (!path.includes('?')) pressed += await pressAll(page, path);
      expect(watch.list).toEqual([]);
    });
  }
  const description = `${found.length} pages, ${pressed} presses`;
  test.info().annotations.push({ type: 'found', description });
  // Everything that the navigation names has been reached.
  for (const path of ['/previews', '/rules', '/events', '/cluster', `/stacks/${SHOP}/diff`]) {
    expect(found).toContain(path);
  }
  expect(pressed).toBeGreaterThan(30);
});

test('the menu of the person is opened, and leads to the account', async ({ page }) => {
  const watch = new Watch();
  await watch.on(page);
  await visit(page, '/');
  await settled(page);
  await menu(page, page.getByRole('button', { name: 'Mira' }), '/');
  expect(watch.list).toEqual([]);
});
