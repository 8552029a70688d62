import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Github, Repository, Rule, Stack } from '~/api/schema.gen';
import { github, repositories, rule, stack } from '~/test/fixtures';
import { showPage } from '~/test/show';

import { GithubSetupPage } from './github-page';

const page = (items: readonly object[]) => HttpResponse.json({ items, next_cursor: null });
const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const NEW: Github = { ...github, app: null, installations: [], last_delivery_at: null };

type World = {
  github?: Partial<Github>;
  repositories?: Repository[];
  rules?: Rule[];
  stacks?: Stack[];
};

async function show(world: World) {
  server.use(
    http.get('*/api/v1/github', () => HttpResponse.json({ ...NEW, ...world.github })),
    http.get('*/api/v1/repositories', ({ request }) => {
      const q = new URL(request.url).searchParams.get('q') ?? '';
      return page((world.repositories ?? repositories).filter((it) => it.full_name.includes(q)));
    }),
    http.get('*/api/v1/rules', () => page(world.rules ?? [])),
    http.get('*/api/v1/stacks', () => page(world.stacks ?? [])),
  );
  showPage(<GithubSetupPage />);
  await screen.findByRole('heading', { level: 2, name: 'Be reached by GitHub' });
}

/** The card with this heading. */
const card = (name: string) =>
  screen
    .getAllByRole('listitem')
    .find((it) => within(it).queryByRole('heading', { level: 2, name }) !== null)!;
const reach = () => card('Be reached by GitHub');
const first = () => card('Deploy the first stack');
const installed = { app: github.app, installations: github.installations };

test('before there is an App, it is said where webhooks will come to, and nothing is claimed', async () => {
  await show({});
  expect(reach()).toHaveTextContent('https://berth.example.com/webhooks/github');
  expect(reach()).toHaveTextContent('The first webhook comes once the App exists.');
  expect(within(reach()).getByLabelText('Waiting:')).toBeVisible();
  expect(within(reach()).queryByText('If it stays like that')).toBeNull();
});

test('an address that GitHub can’t reach is said to be one, with what to set', async () => {
  const local = 'http://127.0.0.1:8080';
  await show({ github: { public_url: local, webhook_url: `${local}/webhooks/github` } });
  expect(within(reach()).getByLabelText('In doubt:')).toBeVisible();
  expect(reach()).toHaveTextContent('127.0.0.1 is an address inside your network');
  expect(reach()).toHaveTextContent('BERTH_PUBLIC_URL');
});

test('a GitHub of one’s own may be inside the network, too', async () => {
  await show({
    github: { github_url: 'https://github.corp.internal', webhook_url: 'http://berth.internal' },
  });
  expect(within(reach()).getByLabelText('Waiting:')).toBeVisible();
});

test('where nothing came though the App exists, it is said what to look at', async () => {
  await show({ github: installed });
  expect(reach()).toHaveTextContent('Nothing has come yet.');
  const remedies = within(within(reach()).getByRole('list')).getAllByRole('listitem');
  expect(remedies).toHaveLength(4);
  expect(within(reach()).getByRole('link', { name: /^App’s page/ })).toHaveAttribute(
    'href',
    'https://github.com/apps/berth-harbour',
  );
});

test('once a webhook came, the card is done, and says when and where', async () => {
  await show({ github: { ...installed, last_delivery_at: github.last_delivery_at } });
  expect(within(reach()).getByLabelText('Done:')).toBeVisible();
  expect(reach()).toHaveTextContent(
    'GitHub reached us 2m ago at https://berth.example.com/webhooks/github',
  );
});

test('until the App is installed, the first stack comes later', async () => {
  await show({ github: { app: github.app } });
  await waitFor(() => expect(first()).toBeVisible());
  expect(first()).not.toHaveAttribute('aria-current');
  expect(within(first()).queryByRole('link')).toBeNull();
});

test('once it is installed, each repository leads to a rule for it, and is found by its name', async () => {
  const many = Array.from({ length: 30 }, (_, id) => ({
    ...repositories[0]!,
    id,
    full_name: `acme/shop-${id}`,
  }));
  await show({ github: installed, repositories: many });
  expect(await screen.findByRole('link', { name: 'Write a rule for acme/shop-7' })).toHaveAttribute(
    'href',
    '/rules/new?repository=7',
  );
  expect(first()).toHaveAttribute('aria-current', 'step');
  expect(screen.queryByRole('link', { name: 'Write a rule for acme/shop-29' })).toBeNull();
  expect(first()).toHaveTextContent('10 more, found by their names.');
  await userEvent.type(screen.getByRole('searchbox', { name: 'Find a repository' }), 'shop-29');
  expect(await screen.findByRole('link', { name: 'Write a rule for acme/shop-29' })).toBeVisible();
});

test('once there is a rule, it is said what to push for it, and that it is waited for', async () => {
  await show({ github: installed, rules: [rule({ enabled: false }), rule({ id: 'on' })] });
  expect(await screen.findByRole('link', { name: 'production' })).toHaveAttribute(
    'href',
    '/rules/on',
  );
  expect(first()).toHaveTextContent('git push origin main');
  expect(within(first()).getByRole('button', { name: 'Copy the command' })).toBeVisible();
  expect(within(first()).getByRole('status')).toHaveTextContent('The stack shows up here.');
});

test('where all rules are switched off, that is said instead', async () => {
  await show({ github: installed, rules: [rule({ enabled: false })] });
  expect(await screen.findByRole('link', { name: 'see the rules' })).toBeVisible();
  expect(await screen.findByRole('link', { name: 'Write a rule for acme/shop' })).toBeVisible();
});

test('the first stack is the end of it, and a link', async () => {
  await show({ github: installed, rules: [rule()], stacks: [stack('shop')] });
  expect(await screen.findByRole('link', { name: 'shop' })).toHaveAttribute('href', '/stacks/shop');
  expect(within(first()).getByLabelText('Done:')).toBeVisible();
  expect(first()).toHaveTextContent('shop from acme/shop');
});
