import { QueryClient } from '@tanstack/react-query';
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import type { ReactNode } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { ruleQuery } from '~/api/queries';
import type { Rule, RuleDraft } from '~/api/schema.gen';
import { repositories, rules } from '~/test/fixtures';
import { handlers } from '~/test/handlers';
import { showPage, signedIn } from '~/test/show';

import { emptyForm, toForm } from './draft';
import { RuleEditor } from './rule-editor';
import { EditRulePage } from './rule-pages';

const server = setupServer(...handlers);
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

function open(page: ReactNode): QueryClient {
  const client = signedIn();
  showPage(page, { client, others: { '/rules': <p>All rules</p> } });
  return client;
}

const saveButton = () => screen.findByRole('button', { name: 'Save rule' });

async function save(rule?: Rule, publicUrl = 'http://localhost'): Promise<HTMLElement> {
  open(
    <RuleEditor
      existing={rule && { rule, etag: '"1"' }}
      initial={rule ? toForm(rule) : emptyForm('push', '41', 'localhost')}
      repositories={repositories}
      publicUrl={publicUrl}
    />,
  );
  return saveButton();
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

test.each([
  ['https://berth.example.com', 'https://shop.localhost'],
  ['http://localhost:8080', 'http://shop.localhost'],
  ['', 'shop.localhost'],
])('with Berth at “%s” an example answers at %s', async (publicUrl, address) => {
  await save(undefined, publicUrl);
  const told = within(screen.getByRole('region', { name: 'What this rule does' }));
  expect(told.getByText(address)).toBeVisible();
});

test('another event has the domain of this Berth in its host', async () => {
  await save(undefined, 'https://berth.example.com');
  fireEvent.change(screen.getByLabelText('Host'), {
    target: { value: '{{app}}.example.com' },
  });
  fireEvent.click(screen.getByRole('radio', { name: 'Pull request' }));
  expect(screen.getByLabelText('Host')).toHaveValue('pr-{{number}}.{{app}}.example.com');
});

/** A rule that somebody else saves meanwhile: the server takes a change to its newest version only. */
const [mine] = rules as [Rule];
const name = () => screen.getByLabelText<HTMLInputElement>('Name');
const type = (value: string) => fireEvent.change(name(), { target: { value } });
const CHANGED = 'Somebody else changed this rule in the meantime.';
const load = () => screen.findByRole('button', { name: 'Load their version and drop mine' });

let kept: Rule;
const sent: [name: string, etag: string | null][] = [];
const tag = (rule: Rule) => `"${rule.version}"`;
beforeEach(() => {
  kept = { ...mine, version: 1 };
  sent.length = 0;
});

async function edit(): Promise<QueryClient> {
  server.use(
    http.get('*/api/v1/rules/:id', () => HttpResponse.json(kept, { headers: { etag: tag(kept) } })),
    http.put('*/api/v1/rules/:id', async ({ request }) => {
      const draft = (await request.json()) as RuleDraft;
      const etag = request.headers.get('if-match');
      sent.push([draft.name, etag]);
      if (etag !== tag(kept)) {
        return HttpResponse.json(
          { title: 'No', status: 412, detail: 'No.', errors: [] },
          { status: 412, headers: { 'content-type': 'application/problem+json' } },
        );
      }
      kept = { ...kept, name: draft.name, version: kept.version + 1 };
      return HttpResponse.json(kept, { headers: { etag: tag(kept) } });
    }),
  );
  const client = open(<EditRulePage id={mine.id} />);
  await saveButton();
  return client;
}
const theirs = () => {
  kept = { ...kept, name: 'theirs', version: 2 };
};

test('whoever was slower hears of it, keeps what they typed, and may take the other’s version', async () => {
  await edit();
  theirs();
  type('mine');
  fireEvent.click(await saveButton());
  expect(await screen.findByText(CHANGED)).toBeVisible();
  expect(name()).toHaveValue('mine');
  // Once more is no way round it.
  fireEvent.click(await saveButton());
  await waitFor(() =>
    expect(sent).toEqual([
      ['mine', '"1"'],
      ['mine', '"1"'],
    ]),
  );
  fireEvent.click(await load());
  await waitFor(() => expect(name()).toHaveValue('theirs'));
  expect(screen.queryByText(CHANGED)).toBeNull();
  expect(await saveButton()).toHaveAttribute('title', 'Nothing is changed.');

  type('both');
  fireEvent.click(await saveButton());
  expect(await screen.findByText('All rules')).toBeVisible();
  expect(sent.at(-1)).toEqual(['both', '"2"']);
  expect(kept.name).toBe('both');
});

test('what somebody else saved is said before one saves, and lends its version to nothing', async () => {
  const client = await edit();
  type('mine');
  theirs();
  act(() => {
    client.setQueryData(ruleQuery(mine.id).queryKey, { value: kept, etag: tag(kept) });
  });
  expect(await screen.findByText(CHANGED)).toBeVisible();
  expect(name()).toHaveValue('mine');
  fireEvent.click(await saveButton());
  await waitFor(() => expect(sent).toEqual([['mine', '"1"']]));
  expect(kept.name).toBe('theirs');
});

test('a form in which nothing was typed becomes what somebody else saved', async () => {
  const client = await edit();
  theirs();
  act(() => {
    client.setQueryData(ruleQuery(mine.id).queryKey, { value: kept, etag: tag(kept) });
  });
  await waitFor(() => expect(name()).toHaveValue('theirs'));
  expect(screen.queryByText(CHANGED)).toBeNull();
});
