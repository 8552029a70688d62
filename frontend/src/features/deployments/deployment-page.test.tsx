import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router';
import { render, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';

import { deploymentQuery, sessionQuery } from '~/api/queries';
import type { Deployment } from '~/api/schema.gen';
import { waiting } from '~/test/control-fixtures';
import { deployment, deployments, session } from '~/test/fixtures';
import { story } from '~/test/story-fixtures';

import { DeploymentPage } from './deployment-page';

async function show(it: Deployment) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  client.setQueryData(sessionQuery().queryKey, session);
  client.setQueryData(deploymentQuery(it.stack, it.number).queryKey, story(it));
  const router = createRouter({
    routeTree: createRootRoute({
      component: () => <DeploymentPage stack={it.stack} number={it.number} log={() => null} />,
    }),
    history: createMemoryHistory(),
  });
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  await screen.findByRole('heading', { level: 2, name: new RegExp(`#${it.number}`) });
}

const names = () =>
  within(screen.getAllByRole('list')[0]!)
    .getAllByRole('listitem')
    .map((item) => item.querySelector('.font-medium')?.textContent);

test('while it goes on, what is to come is named as such, and how long it took so far', async () => {
  await show(deployments.find(({ number }) => number === 143)!);
  expect(names()).toEqual([
    'Received',
    'Fetched',
    'Built',
    'Rendered',
    'Applied',
    'Converging',
    'Routing',
    'Finishing',
  ]);
  expect(screen.getByText('So far')).toBeVisible();
  expect(screen.queryByText('Took')).toBeNull();
});

test('once it is over, every phase is named as what it was to reach', async () => {
  await show(deployment({ number: 141 }));
  expect(names().slice(-3)).toEqual(['Converged', 'Routed', 'Succeeded']);
  expect(screen.getByText('Took')).toBeVisible();
  expect(screen.queryByText('So far')).toBeNull();
});

test('one that waits for a person and for a time says both above', async () => {
  await show(waiting);
  expect(
    screen.getByText(
      /somebody has to approve it\. Its environment is also frozen until .*: Summer sale: only/,
    ),
  ).toBeVisible();
});
