import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import { deploymentQuery } from '~/api/queries';
import type { Deployment, DeploymentStory } from '~/api/schema.gen';
import { waiting } from '~/test/control-fixtures';
import { deployment, deployments } from '~/test/fixtures';
import { showPage, signedIn } from '~/test/show';
import { story } from '~/test/story-fixtures';

import { DeploymentPage } from './deployment-page';

async function show(it: Deployment, part: Partial<DeploymentStory> = {}) {
  const client = signedIn();
  client.setQueryData(deploymentQuery(it.stack, it.number).queryKey, { ...story(it), ...part });
  showPage(
    <DeploymentPage
      stack={it.stack}
      number={it.number}
      log={(_it, _live, page) => page}
      phaseLog={({ number }, { phase }) => `log of #${number} ${phase}`}
    />,
    { client },
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

const row = (name: RegExp) => screen.getByRole('button', { name });

test('a phase opens on what happened in it, and closes, with the keyboard', async () => {
  await show(deployment({ number: 141 }));
  const built = row(/^Built/);
  expect(built).toHaveAttribute('aria-expanded', 'false');
  expect(screen.queryByText('log of #141 built')).toBeNull();
  built.focus();
  await userEvent.keyboard('{Enter}');
  expect(built).toHaveAttribute('aria-expanded', 'true');
  const details = document.getElementById(built.getAttribute('aria-controls') ?? '');
  expect(details).toHaveTextContent('log of #141 built');
  expect(details).toHaveTextContent('shop-web:9f2c1ab04d7e');
  expect(details).toHaveTextContent(/Began .+, ended /);
  await userEvent.keyboard(' ');
  expect(built).toHaveAttribute('aria-expanded', 'false');
  expect(screen.queryByText('log of #141 built')).toBeNull();
});

test('what never began does not open, and the phase that failed is open already', async () => {
  await show(deployments.find(({ number }) => number === 142)!);
  expect(row(/^Converging/)).toHaveAttribute('aria-expanded', 'true');
  expect(screen.queryByRole('button', { name: /^Routed/ })).toBeNull();
});

test('what keeps a phase back is told there, before it begins', async () => {
  await show(waiting);
  await userEvent.click(row(/^Applying/));
  expect(screen.getByRole('list', { name: 'What was done' })).toHaveTextContent(
    /Berth had it wait.*Its environment is protected/,
  );
});

test('a phase leads to what it worked on: the commit, the plan, the logs of its time', async () => {
  await show(deployment({ number: 141 }));
  for (const name of [/^Fetched/, /^Applied/, /^Converged/]) {
    // oxlint-disable-next-line no-await-in-loop
    await userEvent.click(row(name));
  }
  const href = (name: RegExp) => screen.getByRole('link', { name }).getAttribute('href');
  expect(href(/^Commit 9f2c1ab of main/)).toContain('/acme/shop/commit/9f2c1ab');
  expect(href(/^Its plan, 6 lines/)).toMatch(/#plan$/);
  expect(href(/What the services wrote/)).toMatch(/shop\/logs\?since=.+&until=/);
});

test('why it began leads to the rule that matched and to the event', async () => {
  await show(deployment({ number: 141 }));
  const [rule] = screen.getAllByRole('link', { name: 'Rule production' });
  expect(rule).toHaveAttribute('href', '/rules/0191f6a0-0000-7000-8000-00000000d001');
  expect(screen.getByRole('link', { name: 'Event: push' })).toHaveAttribute(
    'href',
    '/events?id=72d3162e-cc78-11e3-81ab-4c9367dc0958',
  );
});

test('of a rule that is gone, its name is left; of what somebody asked for, its lines', async () => {
  await show(deployment({ number: 141, delivery_id: null }), { rule_id: null });
  expect(screen.getByText('Rule production, gone since')).toBeVisible();
  expect(screen.queryByRole('link', { name: 'Rule production' })).toBeNull();
  expect(screen.getByRole('link', { name: 'Its events' })).toHaveAttribute(
    'href',
    '/events?stack=shop&q=%23141',
  );
});
