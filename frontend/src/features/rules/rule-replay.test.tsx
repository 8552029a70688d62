import { fireEvent, screen } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { RuleReplay as Replayed } from '~/api/schema.gen';
import { ruleReplay } from '~/test/rule-fixtures';
import { showPage } from '~/test/show';

import { emptyForm, toDraft } from './draft';
import { RuleReplay } from './rule-replay';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

function show(answer: (request: Request) => Response) {
  server.use(http.post('*/api/v1/rules/replay', ({ request }) => answer(request)));
  showPage(<RuleReplay draft={toDraft(emptyForm('push', '41', 'localhost'))} />);
}

const list = (items: Replayed[], next_cursor: string | null = null) =>
  HttpResponse.json({ items, next_cursor });

const past = ruleReplay({ event: 'push', refs: ['main'] });

test('each past delivery says what the draft would have made of it, and what came of it', async () => {
  show(() => list(past));
  expect(await screen.findByText('1 of the last 3 deliveries')).toBeTruthy();
  const rows = screen.getAllByRole('listitem').map((row) => row.textContent);
  expect(rows[0]).toContain('Would have deployed: branch main matches main');
  expect(rows[0]).toContain('In fact it started a deployment: shop #143');
  expect(rows[0]).not.toContain('Differs');
  expect(rows[1]).toContain('Would have been ignored: branch feat/cart-v2 matches none of main');
  // A pull request that was deployed, which this draft does not listen to.
  expect(rows[2]).toContain('Differs');
  expect(screen.getByRole('link', { name: 'shop #143' })).toHaveAttribute(
    'href',
    '/stacks/shop/deployments/143',
  );
});

test('a delivery that started several deployments names each', async () => {
  const [first] = past;
  const [decision] = first!.delivery.decisions;
  const decisions = [
    decision!,
    { ...decision!, rule_name: 'api', deployment: { stack: 'api', number: 5 } },
  ];
  show(() => list([{ ...first!, delivery: { ...first!.delivery, decisions } }]));
  const row = await screen.findByRole('listitem');
  expect(row.textContent).toContain('In fact it started 2 deployments: shop #143, api #5');
});

test('older deliveries come page by page', async () => {
  const asked: (string | null)[] = [];
  show((request) => {
    const cursor = new URL(request.url).searchParams.get('cursor');
    asked.push(cursor);
    return cursor ? list(past.slice(1)) : list(past.slice(0, 1), 'older');
  });
  fireEvent.click(await screen.findByRole('button', { name: 'Show more' }));
  expect(await screen.findByText('1 of the last 3 deliveries')).toBeTruthy();
  expect(asked).toEqual([null, 'older']);
  expect(screen.queryByRole('button', { name: 'Show more' })).toBeNull();
});

test('where nothing was delivered yet, it says what will show up', async () => {
  show(() => list([]));
  expect(await screen.findByText('No delivery to look back on')).toBeTruthy();
});

test('a draft that cannot be read yet says why', async () => {
  const detail = 'A `{{` is not closed.';
  show(() =>
    HttpResponse.json(
      { title: 'Some fields are not right', status: 422, errors: [{ pointer: '/host', detail }] },
      { status: 422, headers: { 'content-type': 'application/problem+json' } },
    ),
  );
  expect(await screen.findByText(detail)).toBeTruthy();
});

test('a failure says so and can be tried again', async () => {
  show(() => HttpResponse.json({ title: 'No', status: 503 }, { status: 503 }));
  expect(await screen.findByRole('button', { name: 'Retry' })).toBeTruthy();
});
