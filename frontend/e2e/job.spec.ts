import { expect, test as base, type Page } from '@playwright/test';

import { expectAccessibleInBoth } from './axe';
import { Complaints, visit } from './test';
import { Clone, github, LONG, need, routed, SESSION, SHOP } from './world';

/**
 * The main job, walked once by one person in one browser: first account, GitHub App, rules, a push
 * that goes live, a pull request's preview that comes and goes.
 */
const test = base.extend<object, { person: { page: Page; complaints: Complaints } }>({
  person: [
    async ({ browser }, use) => {
      const context = await browser.newContext({ reducedMotion: 'reduce' });
      const page = await context.newPage();
      const complaints = new Complaints();
      complaints.watch(page);
      await use({ page, complaints });
      await context.storageState({ path: SESSION });
      await context.close();
    },
    { scope: 'worker' },
  ],
  page: async ({ person }, use) => use(person.page),
});

test.describe.configure({ mode: 'serial' });
test.setTimeout(LONG + 60_000);

let clone: Clone;
let pushed = '';

test.afterEach(({ person }) => {
  expect(person.complaints.list).toEqual([]);
});

test('the one-time link makes the first account', async ({ page }) => {
  await visit(page, `/setup?token=${need('BERTH_SETUP_TOKEN')}`);
  await expectAccessibleInBoth(page);
  await page.getByLabel('Name').fill('Mira');
  await page.getByLabel('E-mail').fill(need('BERTH_EMAIL'));
  await page.getByLabel('Password').fill('short');
  await page.getByRole('button', { name: 'Create the account' }).click();
  await expect(page.getByLabel('Password')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Password')).toHaveAccessibleDescription(/10 characters/);

  await page.getByLabel('Password').fill(need('BERTH_PASSWORD'));
  await page.getByRole('button', { name: 'Create the account' }).click();
  await expect(page.getByRole('heading', { name: 'Connect GitHub' })).toBeVisible();
  await expectAccessibleInBoth(page);
});

test('the link is of no use to a second person', async ({ browser }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await visit(page, `/setup?token=${need('BERTH_SETUP_TOKEN')}`);
  await page.getByLabel('Name').fill('Mallory');
  await page.getByLabel('E-mail').fill('mallory@example.com');
  await page.getByLabel('Password').fill('a long enough password');
  await page.getByRole('button', { name: 'Create the account' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page).toHaveURL(/\/setup\?/);
  await context.close();
});

test('pages before the first stack say what comes next', async ({ page }) => {
  await visit(page, '/');
  await expect(page.getByText('No stacks yet')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Connect GitHub' })).toBeVisible();
  await expectAccessibleInBoth(page);
  for (const [path, text] of [
    ['/previews', 'No previews'],
    ['/rules', 'No rules yet'],
    ['/events?kind=delivery', 'No deliveries'],
  ] as const) {
    await visit(page, path);
    await expect(page.getByText(text)).toBeVisible();
    await expectAccessibleInBoth(page);
  }
});

test('GitHub makes the App from our manifest and installs it', async ({ page }) => {
  await visit(page, '/setup/github');
  await page.getByText('Organisation', { exact: true }).click();
  await page.getByRole('textbox', { name: 'Organisation' }).fill('acme');
  await page.getByRole('button', { name: 'Create on GitHub' }).click();

  await page.waitForURL((url) => url.href.startsWith(need('SIM_URL')));
  await page.getByRole('button', { name: /create/i }).click();

  await page.waitForURL(/\/setup\/github$/);
  await expect(page.getByText('owned by acme')).toBeVisible();
  await page.getByRole('button', { name: 'Choose repositories' }).click();

  await page.waitForURL((url) => url.href.startsWith(need('SIM_URL')));
  await page.getByRole('button', { name: /install/i }).click();

  await page.waitForURL(/\/setup\/github$/);
  await expect(page.getByText(/^acme \(\d+ repositor/)).toBeVisible();
  await expect(page.getByRole('link', { name: `Write a rule for acme/${SHOP}` })).toBeVisible();
  await expectAccessibleInBoth(page);
});

test('a rule with a mistake is refused at its field, then saved', async ({ page }) => {
  await page.getByRole('link', { name: `Write a rule for acme/${SHOP}` }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'New rule' })).toBeFocused();
  await page.getByLabel('Host').fill('not a host');
  await page.getByLabel('Name', { exact: true }).fill('');
  await page.getByRole('button', { name: 'Save rule' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await expect(page).toHaveURL(/\/rules\/new/);
  await expectAccessibleInBoth(page);

  await page.getByLabel('Name', { exact: true }).fill('Production');
  await page.getByLabel('Host').fill('{{app}}.localhost');
  await expect(page.getByText(`http://${SHOP}.localhost`)).toBeVisible();
  await page.getByRole('button', { name: 'Save rule' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Rules' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Production' })).toBeVisible();
});

test('leaving a changed rule asks first', async ({ page }) => {
  await page.getByRole('link', { name: 'Production' }).click();
  await page.getByLabel('Environment').fill('somewhere-else');
  await page.getByRole('link', { name: 'Stacks' }).click();
  const dialog = page.getByRole('alertdialog');
  await expect(dialog).toContainText('Leave without saving?');
  await expectAccessibleInBoth(page);
  await dialog.getByRole('button', { name: 'Stay' }).click();
  await expect(page.getByLabel('Environment')).toHaveValue('somewhere-else');
  await page.getByRole('link', { name: 'Discard' }).click();
  await dialog.getByRole('button', { name: 'Leave and drop changes' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Rules' })).toBeVisible();
});

test('pull requests get a rule of their own', async ({ page }) => {
  await page.getByRole('link', { name: 'New rule' }).click();
  await page.getByText('Pull request', { exact: true }).click();
  await expect(page.getByLabel('Environment')).toHaveValue('pr-{{number}}');
  await page.getByLabel('Host').fill('pr-{{number}}.{{app}}.localhost');
  await page.getByLabel('Name', { exact: true }).fill('Previews');
  await page.getByRole('button', { name: 'Save rule' }).click();
  await expect(page.getByRole('link', { name: 'Previews', exact: true }).last()).toBeVisible();
});

test('a push goes live, and the page shows it without a reload', async ({ page }) => {
  await page
    .getByRole('navigation', { name: 'Main' })
    .getByRole('link', { name: 'Stacks' })
    .click();
  await expect(page.getByText('No stacks yet')).toBeVisible();

  clone = new Clone();
  pushed = clone.push('main', 'Open the shop', 'config/banner.txt', 'Fresh fish.\n');

  const row = page.getByRole('row', { name: new RegExp(SHOP) });
  await expect(row).toBeVisible({ timeout: 60_000 });
  await row.getByRole('link', { name: SHOP, exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: SHOP })).toBeVisible();
  const header = page.locator('header').filter({ has: page.getByRole('heading', { level: 1 }) });
  await expect(header.getByText('Healthy')).toBeVisible({ timeout: LONG });
  await expect(header.getByText('In sync')).toBeVisible();

  for (const service of ['web', 'api', 'worker', 'store']) {
    const line = page
      .getByRole('table', { name: 'Services' })
      .getByRole('row', { name: new RegExp(service) });
    await expect(line.getByText('Healthy')).toBeVisible();
  }
  const address = header.getByRole('link', { name: new RegExp(`^${SHOP}\\.localhost`) });
  await expect(address).toHaveAttribute('href', new RegExp(`^http://${SHOP}\\.localhost`));
  const page1 = await routed(`${SHOP}.localhost`);
  expect(page1.status).toBe(200);
  expect(page1.text).toContain(pushed.slice(0, 7));
  await expectAccessibleInBoth(page);
});

test('the deployment shows its phases and its build log', async ({ page }) => {
  await page.getByRole('link', { name: '#1', exact: true }).click();
  await expect(page.getByRole('heading', { level: 2, name: /#1 Open the shop/ })).toBeVisible();
  await expect(page.getByText('Succeeded').first()).toBeVisible({ timeout: LONG });
  await expect(page.getByRole('listitem').filter({ hasText: 'Converged' })).toContainText(/\d/);

  const log = page.getByRole('grid', { name: 'Build log' });
  await expect(log).toContainText(/\S/);
  await page.getByRole('searchbox', { name: 'Search the log' }).fill('no such words in any log');
  await expect(page.getByText('No line matches')).toBeVisible();
  await expect(page).toHaveURL(/[?&]q=no/);
  await page.getByRole('button', { name: 'Clear the filter' }).click();
  await expect(log).toContainText(/\S/);
  const wrap = page.getByRole('button', { name: 'Wrap long lines' });
  await wrap.click();
  await expect(wrap).toHaveAttribute('aria-pressed', 'true');
  await expect(page).toHaveURL(/[?&]wrap=true/);
  await expect(log).toContainText(/\S/);
  await log.getByRole('row').last().click();
  await expect(page).toHaveURL(/[?&]at=\d+/);

  const built = page.getByRole('button', { name: /^Built/ });
  await built.click();
  await expect(built).toHaveAttribute('aria-expanded', 'true');
  await page
    .getByRole('link', { name: /, \d+ lines?$/ })
    .first()
    .click();
  await expect(page).toHaveURL(/[?&]service=/);
  await expect(log).toBeFocused();
  await expectAccessibleInBoth(page);
});

test('the event says which rule matched, and which did not', async ({ page }) => {
  await visit(page, '/events');
  await page
    .getByRole('link', { name: /Matched.*push/ })
    .first()
    .click();
  const decisions = page.getByRole('list', { name: 'What each rule made of it' });
  await expect(decisions.getByRole('listitem').filter({ hasText: 'Production' })).toContainText(
    'matched',
  );
  await expect(decisions.getByRole('link', { name: `${SHOP} #1` })).toBeVisible();
  await expectAccessibleInBoth(page);
});

test('a push that no rule wants is explained', async ({ page }) => {
  clone.push('wip/idea', 'Try an idea', 'config/banner.txt', 'An idea.\n');
  const ignored = page.getByRole('link', { name: /Ignored.*wip\/idea/ }).first();
  await expect(ignored).toBeVisible({ timeout: 60_000 });
  await ignored.click();
  await expect(page.getByText('did not match').first()).toBeVisible();

  // Asked again, the rules say the same, and it is told who asked.
  await page.getByRole('button', { name: 'Replay' }).click();
  await expect(page.getByText('Replayed: the rules decide again')).toBeVisible();
  await expect(page.getByText('did not match').first()).toBeVisible();
  await visit(page, '/events?kind=person');
  const told = page.getByRole('listitem').filter({ hasText: 'replayed the delivery' });
  await expect(told.first()).toBeVisible();
});

test('a draft of a rule is held against what happened before', async ({ page }) => {
  await visit(page, '/rules');
  await page.getByRole('link', { name: 'Production' }).click();
  const past = page.getByRole('region', { name: 'What it would have done' });
  const line = (branch: string) =>
    past.getByRole('listitem').filter({ hasText: `pushed to ${branch}` });
  await expect(line('main').first()).toContainText('Would have deployed');
  await expect(line('wip/idea')).toContainText('Would have been ignored');
  await page.getByLabel('Branch patterns').fill('wip/*');
  await expect(line('wip/idea')).toContainText('Would have deployed');
  await expect(line('wip/idea')).toContainText('Differs');
  await expect(line('main').first()).toContainText('Differs');
  await expectAccessibleInBoth(page);
  await page.getByRole('link', { name: 'Discard' }).click();
  await page
    .getByRole('alertdialog')
    .getByRole('button', { name: 'Leave and drop changes' })
    .click();
  await expect(page.getByRole('heading', { level: 1, name: 'Rules' })).toBeVisible();
});

test('a pull request gets a preview, which follows it and goes when it closes', async ({
  page,
}) => {
  clone.git('switch', '--quiet', 'main');
  const first = clone.push('chips', 'Serve chips', 'config/banner.txt', 'Fish and chips.\n');
  await visit(page, '/previews');
  await expect(page.getByText('No previews')).toBeVisible();
  const pull = await github<{ number: number }>('POST', `/repositories/acme/${SHOP}/pulls`, {
    title: 'Serve chips, too',
    head: 'chips',
  });
  const row = page.getByRole('row', { name: /Serve chips, too/ });
  await expect(row).toBeVisible({ timeout: 60_000 });
  await expect(row.getByText('Healthy')).toBeVisible({ timeout: LONG });
  await expect(row).toContainText(first.slice(0, 7));
  const host = `pr-${pull.number}.${SHOP}.localhost`;
  await expect(row.getByRole('link', { name: new RegExp(`^${host}`) })).toBeVisible();
  expect((await routed(host)).text).toContain(first.slice(0, 7));
  await expectAccessibleInBoth(page);

  // Its author thinks again: the same preview serves the new commit.
  await page.getByRole('link', { name: 'Serve chips, too' }).click();
  const preview = `${SHOP}-pr-${pull.number}`;
  await expect(page.getByRole('heading', { level: 1, name: preview })).toBeVisible();
  const second = clone.push('chips', 'Salt them', 'config/banner.txt', 'Fish and salted chips.\n');
  await page.getByRole('link', { name: '#2', exact: true }).click({ timeout: 60_000 });
  const head = page.getByRole('heading', { level: 2, name: /#2 Salt them/ }).locator('..');
  await expect(head.getByText('Succeeded')).toBeVisible({ timeout: LONG });
  await expect(page.getByText(/pull request/).first()).toBeVisible();
  expect((await routed(host)).text).toContain(second.slice(0, 7));
  await expectAccessibleInBoth(page);
  await page
    .getByRole('navigation', { name: 'Main' })
    .getByRole('link', { name: 'Previews' })
    .click();
  await expect(row).toContainText(second.slice(0, 7));

  await github('POST', `/repositories/acme/${SHOP}/pulls/${pull.number}/close`);
  await expect(page.getByText('No previews')).toBeVisible({ timeout: LONG });
  await visit(page, `/stacks/${preview}`);
  await expect(page.getByText(/There is no|not found|no stack/i).first()).toBeVisible();
  await expectAccessibleInBoth(page);
  expect((await routed(host)).status).toBe(404);
});

test('a person redeploys by hand', async ({ page }) => {
  await visit(page, `/stacks/${SHOP}`);
  await page.getByRole('button', { name: 'Redeploy' }).click();
  await expect(page.getByRole('heading', { level: 2, name: /#2/ })).toBeVisible();
  await expect(page.getByText('by hand')).toBeVisible();
  const head = page.getByRole('heading', { level: 2, name: /#2/ }).locator('..');
  await expect(head.getByText('Succeeded')).toBeVisible({ timeout: LONG });

  // The events say who it was, and lead back.
  await visit(page, `/events?kind=person&stack=${SHOP}`);
  const told = page.getByRole('listitem').filter({ hasText: `Mira deployed ${SHOP} #2` });
  await expect(told).toHaveCount(1);
  await expectAccessibleInBoth(page);
  await told.getByRole('link', { name: `${SHOP} #2` }).click();
  await expect(page.getByRole('heading', { level: 2, name: /#2/ })).toBeVisible();
});

test('a protected stack gets what a person approves, and not what one rejects', async ({
  page,
}) => {
  await visit(page, `/stacks/${SHOP}/settings`);
  const guard = page.getByRole('checkbox', { name: /waits until somebody approves/ });
  const save = page.getByRole('button', { name: 'Save settings' });
  await guard.check();
  await expect(page.getByText('Once you save')).toBeVisible();
  await expectAccessibleInBoth(page);
  await save.click();
  await expect(page.getByText('Settings saved')).toBeVisible();

  await page.getByRole('button', { name: 'Redeploy' }).click();
  const third = page.getByRole('heading', { level: 2, name: /#3/ }).locator('..');
  await expect(page.getByText(/Its environment is protected/)).toBeVisible({ timeout: LONG });
  await expectAccessibleInBoth(page);
  await page.getByRole('button', { name: 'Reject…' }).click();
  const asked = page.getByRole('alertdialog');
  await asked.getByRole('button', { name: 'Reject' }).click();
  await expect(asked.getByText('Say why, for whoever wonders.')).toBeVisible();
  await asked.getByLabel('Reason').fill('not on a Friday');
  await expectAccessibleInBoth(page);
  await asked.getByRole('button', { name: 'Reject' }).click();
  await expect(third.getByText('Cancelled')).toBeVisible({ timeout: LONG });
  await expect(page.getByText(/rejected by .*: not on a Friday/).first()).toBeVisible();

  await page.getByRole('button', { name: 'Redeploy' }).click();
  const fourth = page.getByRole('heading', { level: 2, name: /#4/ }).locator('..');
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(fourth.getByText('Succeeded')).toBeVisible({ timeout: LONG });

  await visit(page, `/stacks/${SHOP}/settings`);
  await guard.uncheck();
  await save.click();
  await expect(page.getByText('Settings saved')).toBeVisible();
});
