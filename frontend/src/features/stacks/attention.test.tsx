import { screen, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { attentionQuery, type StackFilter } from '~/api/queries';
import { staleKeys } from '~/api/stream';
import { stack } from '~/test/fixtures';
import { handlers } from '~/test/handlers';
import { showPage } from '~/test/show';

import { StacksPage } from './stacks-page';

const server = setupServer(...handlers);
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const failing = (name: string) =>
  stack(name, {
    attention: 'Deployment 3 failed.',
    latest_deployment: { number: 3, phase: 'failed' },
  });

const show = (filter: StackFilter) => showPage(<StacksPage filter={filter} />);

/** The page where its list has `listed`, and `troubled` is what the server knows to need a person. */
function open(
  filter: StackFilter,
  listed: object[],
  troubled: object[],
  next: string | null = null,
) {
  server.use(
    http.get('*/api/v1/stacks', ({ request }) => {
      const query = new URL(request.url).searchParams;
      return query.get('attention') === 'true' && !query.get('q')
        ? HttpResponse.json({ items: troubled, next_cursor: next })
        : HttpResponse.json({ items: listed, next_cursor: null });
    }),
  );
  show(filter);
}

const box = () => screen.findByRole('region', { name: 'Needs attention' });

test('a stack that fails is told of, however far down the list it is', async () => {
  open({}, [stack('billing'), stack('docs')], [failing('zoo')]);
  const told = await box();
  expect(told).toHaveTextContent('1 stack needs attention');
  expect(within(told).getByRole('link', { name: 'zoo' })).toHaveAttribute(
    'href',
    '/stacks/zoo/deployments/3',
  );
  const table = await screen.findByRole('table', { name: 'Stacks' });
  expect(within(table).queryByText('zoo')).toBeNull();
});

test.each<StackFilter>([{ q: 'billing' }, { kind: 'permanent' }, { q: 'nothing like it' }])(
  'a filter hides no trouble: %o',
  async (filter) => {
    open(filter, [], [failing('shop-pr-7')]);
    expect(await box()).toHaveTextContent('shop-pr-7');
    expect(await screen.findByRole('link', { name: 'Clear the filter' })).toBeVisible();
  },
);

test('where many fail it says how many more, and leads to them', async () => {
  const many = Array.from({ length: 20 }, (_, n) => failing(`shop-pr-${n}`));
  open({}, [], many);
  const told = await box();
  expect(told).toHaveTextContent('20 stacks need attention');
  expect(within(told).getAllByRole('listitem')).toHaveLength(8);
  expect(within(told).getByRole('link', { name: 'and 12 more' })).toHaveAttribute(
    'href',
    '/?attention=true',
  );
});

test('where nobody has counted them all it says so', async () => {
  open(
    {},
    [],
    Array.from({ length: 100 }, (_, n) => failing(`shop-pr-${n}`)),
    'cursor',
  );
  const told = await box();
  expect(told).toHaveTextContent('100+ stacks need attention');
  expect(told).toHaveTextContent('and 92+ more');
});

test('the list of those alone says that it is one, and how to leave it', async () => {
  open({ attention: true }, [], [failing('zoo')]);
  const table = await screen.findByRole('table', { name: 'Stacks' });
  expect(within(table).getByText('zoo')).toBeVisible();
  const kinds = screen.getByRole('navigation', { name: 'Kinds' });
  const current = within(kinds).getByRole('link', { current: true });
  expect(current).toHaveTextContent('Needs attention');
  expect(within(kinds).getByRole('link', { name: 'All' })).toHaveAttribute('href', '/');
});

test('what could not be asked is said, and not taken for all is well', async () => {
  server.use(
    http.get('*/api/v1/stacks', ({ request }) =>
      request.url.includes('attention=true') ? new HttpResponse(null, { status: 503 }) : undefined,
    ),
  );
  show({});
  expect(await screen.findByRole('alert')).toHaveTextContent('Could not load what needs attention');
});

test('it is as fresh as the list', () => {
  for (const topic of ['stack', 'environment', 'deployment']) {
    expect(staleKeys(topic)).toContain(attentionQuery().queryKey[0]);
  }
});
