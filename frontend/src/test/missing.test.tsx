import { screen } from '@testing-library/react';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { handlers } from './handlers';
import { openApp } from './show';

const server = setupServer(...handlers);
beforeAll(() => server.listen());
afterAll(() => server.close());

test.each([
  ['/stacks/none', 'stack none', 'To the stacks', '/'],
  ['/stacks/none/logs', 'stack none', 'To the stacks', '/'],
  ['/stacks/none/diff', 'stack none', 'To the stacks', '/'],
  [
    '/stacks/shop/deployments/9999',
    'deployment #9999',
    'To the deployments',
    '/stacks/shop/deployments',
  ],
  ['/rules/none', 'rule', 'To the rules', '/rules'],
  ['/cluster/nodes/none', 'node', 'To the cluster', '/cluster'],
])('%s says that there is no such thing, and leads on', async (address, what, link, to) => {
  await openApp(address);
  expect(await screen.findByText(`There is no ${what}`)).toBeVisible();
  expect(screen.getByRole('link', { name: link })).toHaveAttribute('href', to);
});
