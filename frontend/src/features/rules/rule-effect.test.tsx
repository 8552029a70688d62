import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Rule, RuleDraft } from '~/api/schema.gen';
import { repositories, rules } from '~/test/fixtures';
import { handlers } from '~/test/handlers';
import { ruleMatches } from '~/test/rule-fixtures';
import { showPage } from '~/test/show';

import { emptyForm, toForm } from './draft';
import { RuleEditor } from './rule-editor';

const server = setupServer(...handlers);
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const [production] = rules as [Rule];

async function edit(rule: Rule | null = production): Promise<HTMLElement> {
  showPage(
    <RuleEditor
      existing={rule ? { rule, etag: '"1"' } : undefined}
      initial={rule ? toForm(rule) : emptyForm('push', '41', 'localhost')}
      repositories={repositories}
      publicUrl="http://localhost"
    />,
  );
  await screen.findByText(/^\d+ of \d+$/);
  return screen.getByRole('button', { name: 'Save rule' });
}

const type = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(new RegExp(`^${label}`)), { target: { value } });
const effect = () => screen.queryByRole('region', { name: 'What saving changes' });
const line = (says: RegExp) => within(effect()!).getByText(says).parentElement;

test('nothing is said of saving where nothing is changed', async () => {
  const save = await edit();
  expect(effect()).toBeNull();
  expect(save).not.toHaveAttribute('aria-describedby');
});

test('before a rule is saved its page and its button say what begins and what ceases to match', async () => {
  const save = await edit();
  type('Branch patterns', 'develop\nrelease/2026.11');
  await waitFor(() =>
    expect(save).toHaveAccessibleDescription('Once saved, 2 begin to match and 1 ceases to match'),
  );
  expect(line(/Begins to match/)).toHaveTextContent('Begins to match 2developrelease/2026.11');
  expect(line(/Ceases to match/)).toHaveTextContent('Ceases to match 1main');
  expect(effect()).toHaveTextContent(
    'Saving deploys and removes nothing: the next push decides. Stacks that are there stay.',
  );
});

test('what would be deployed elsewhere is told with where from and where to', async () => {
  server.use(
    http.post('*/api/v1/rules/matches', async ({ request }) => {
      const draft = (await request.json()) as RuleDraft;
      const items = ruleMatches(draft).map((it) => ({
        ...it,
        environment: it.matched ? draft.environment : null,
      }));
      return HttpResponse.json({ items });
    }),
  );
  const save = await edit();
  type('Environment', 'staging');
  await waitFor(() =>
    expect(save).toHaveAccessibleDescription('Once saved, 1 is deployed elsewhere'),
  );
  expect(line(/Is deployed elsewhere/)).toHaveTextContent(
    'main: from production at shop.example.com to staging at shop.example.com',
  );
});

test('a change that decides nothing says so', async () => {
  const save = await edit();
  type('Compose file', 'deploy.yaml');
  expect(save).toHaveAccessibleDescription('Once saved, the same ones match');
  expect(effect()).toHaveTextContent('What matches stays the same.');
});

test('while the answer is on its way the button says nothing about the draft of before', async () => {
  const save = await edit();
  type('Branch patterns', 'develop');
  expect(save).not.toHaveAttribute('aria-describedby');
  expect(effect()).toHaveAttribute('aria-busy', 'true');
  await waitFor(() => expect(save).toHaveAttribute('aria-describedby'));
  expect(effect()).toHaveAttribute('aria-busy', 'false');
});

test('where what matches is not known, neither is what saving changes', async () => {
  const save = await edit();
  server.use(
    http.post('*/api/v1/rules/matches', () =>
      HttpResponse.json(
        { title: 'Unavailable', status: 503, detail: 'GitHub does not answer.', errors: [] },
        { status: 503, headers: { 'content-type': 'application/problem+json' } },
      ),
    ),
  );
  type('Branch patterns', 'develop');
  await screen.findByText('GitHub does not answer.');
  expect(effect()).toBeNull();
  expect(save).not.toHaveAttribute('aria-describedby');
  expect(screen.getByText('Nothing changes until you save')).toBeVisible();
});

test('a new rule says how many it would begin to match', async () => {
  const save = await edit(null);
  await waitFor(() => expect(save).toHaveAccessibleDescription('Once saved, 1 begins to match'));
  // The list of what would match names them.
  expect(effect()).toBeNull();
});
