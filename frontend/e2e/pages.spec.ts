import { expectAccessible } from './axe';
import { expect, test, visit } from './test';
import { SESSION, SHOP } from './world';

/** Every page, in the theme of the project, by a person whose shop runs. */
test.use({ storageState: SESSION });

const PAGES: readonly [path: string, heading: string, title: RegExp][] = [
  ['/', 'Stacks', /^Stacks/],
  ['/?q=nothing-has-this-name', 'Stacks', /^Stacks/],
  [`/stacks/${SHOP}`, SHOP, new RegExp(SHOP)],
  [`/stacks/${SHOP}/deployments`, SHOP, new RegExp(SHOP)],
  [`/stacks/${SHOP}/deployments/1`, SHOP, /#1/],
  [`/stacks/${SHOP}/logs`, SHOP, /^Logs · /],
  [`/stacks/${SHOP}/diff`, SHOP, new RegExp(SHOP)],
  [`/stacks/${SHOP}/dry-run`, SHOP, /^Dry run · /],
  [`/stacks/${SHOP}/settings`, SHOP, /Settings/],
  ['/previews', 'Previews', /^Previews/],
  ['/rules', 'Rules', /^Rules/],
  ['/rules/new', 'New rule', /^New rule/],
  ['/events', 'Events', /^Events/],
  ['/cluster', 'Cluster', /^Cluster/],
  ['/events?kind=person', 'Events', /^Events/],
  ['/events?kind=berth', 'Events', /^Events/],
  ['/settings/general', 'Settings', /^Settings/],
  ['/settings/account', 'Settings', /^Settings/],
  ['/settings/sessions', 'Settings', /^Settings/],
  ['/settings/members', 'Settings', /^Settings/],
  ['/settings/github', 'Settings', /^Settings/],
  ['/settings/registries', 'Settings', /^Settings/],
  ['/settings/tokens', 'Settings', /^Settings/],
  ['/settings/appearance', 'Settings', /^Settings/],
  ['/settings/about', 'Settings', /^Settings/],
  ['/invitation?token=made-up', 'Join this Berth', /^Invitation/],
  ['/setup/github', 'Connect GitHub', /^Connect GitHub/],
  ['/stacks/no-such-stack', 'no-such-stack', /no-such-stack/],
  ['/no/such/page', 'Not found', /^Not found/],
];

for (const [path, heading, title] of PAGES) {
  test(`${path} is accessible, and fits a phone`, async ({ page, colorScheme }) => {
    await visit(page, path);
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    await expect(page).toHaveTitle(title);
    await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
    await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme ?? 'light');
    await expectAccessible(page);

    await page.setViewportSize({ width: 360, height: 740 });
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
    await expectAccessible(page);
  });
}
