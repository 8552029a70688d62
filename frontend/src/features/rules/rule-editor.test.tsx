import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router';
import { fireEvent, render, screen } from '@testing-library/react';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { sessionQuery } from '~/api/queries';
import type { Rule } from '~/api/schema.gen';
import { repositories, rules, session } from '~/test/fixtures';
import { handlers } from '~/test/handlers';

import { emptyForm, toForm } from './draft';
import { RuleEditor } from './rule-editor';

const server = setupServer(...handlers);
beforeAll(() => server.listen());
afterAll(() => server.close());

async function save(rule?: Rule): Promise<HTMLElement> {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(sessionQuery().queryKey, session);
  const router = createRouter({
    routeTree: createRootRoute({
      component: () => (
        <RuleEditor
          existing={rule && { rule, etag: '"1"' }}
          initial={rule ? toForm(rule) : emptyForm('push', '41', 'localhost')}
          repositories={repositories}
          domain="localhost"
        />
      ),
    }),
    history: createMemoryHistory(),
  });
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  return screen.findByRole('button', { name: 'Save rule' });
}

test('the page says which rule it is of, and saves it once something is changed', async () => {
  const [rule] = rules;
  const button = await save(rule);
  expect(screen.getByRole('heading', { level: 1, name: `Edit ${rule!.name}` })).toBeVisible();
  expect(button).toHaveAttribute('aria-disabled', 'true');
  expect(button).toHaveAttribute('title', 'Nothing is changed.');
  fireEvent.change(screen.getByLabelText('Name'), { target: { value: 'Another name' } });
  expect(button).not.toHaveAttribute('aria-disabled');
});

test('a new rule can be saved as it is offered', async () => {
  expect(await save()).not.toHaveAttribute('aria-disabled');
});
