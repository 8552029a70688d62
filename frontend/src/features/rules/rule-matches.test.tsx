import { fireEvent, screen } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { RuleMatch } from '~/api/schema.gen';
import { showPage } from '~/test/show';

import { emptyForm, toDraft } from './draft';
import { RuleMatches } from './rule-matches';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const branch = (name: string, matched: boolean): RuleMatch => ({
  kind: 'branch',
  name,
  number: null,
  title: null,
  matched,
  reason: matched ? 'any branch matches' : `branch \`${name}\` matches none of \`main\``,
  environment: matched ? 'production' : null,
  host: matched ? 'shop.localhost' : null,
});

function show(answer: () => Response) {
  server.use(http.post('*/api/v1/rules/matches', answer));
  showPage(<RuleMatches draft={toDraft(emptyForm('push', '41', 'localhost'))} />);
}

test('what matches comes first, a hostile name is text, and thousands come in steps', async () => {
  const others = Array.from({ length: 3000 }, (_, number) => branch(`b${number}`, false));
  const hostile = branch('<img src=x onerror=alert(1)>', true);
  show(() => HttpResponse.json({ items: [...others, hostile] }));
  expect(await screen.findByText('1 of 3001')).toBeTruthy();
  const rows = screen.getAllByRole('listitem');
  expect(rows).toHaveLength(50);
  expect(rows[0]?.textContent).toContain('<img src=x onerror=alert(1)>');
  expect(document.querySelector('img')).toBeNull();

  fireEvent.click(screen.getByRole('button', { name: 'Show more' }));
  expect(screen.getAllByRole('listitem')).toHaveLength(100);
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

test('where GitHub does not answer, nothing is said about matches', async () => {
  show(() =>
    HttpResponse.json(
      { title: 'Unavailable', status: 503, detail: 'GitHub does not answer.', errors: [] },
      { status: 503, headers: { 'content-type': 'application/problem+json' } },
    ),
  );
  expect(await screen.findByRole('alert')).toBeTruthy();
  expect(screen.queryByText(/ of /)).toBeNull();
  expect(screen.getByRole('button', { name: 'Retry' })).toBeTruthy();
});

test('an empty repository says what the rule waits for', async () => {
  show(() => HttpResponse.json({ items: [] }));
  expect(await screen.findByText(/waits for its first push/)).toBeTruthy();
});
