import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Stack } from '~/api/schema.gen';
import { deployment, stacks } from '~/test/fixtures';
import { showPage } from '~/test/show';

import { RestartDialog } from './restart-dialog';

const asked: unknown[] = [];
const server = setupServer(
  http.post('*/api/v1/stacks/docs/restart', async ({ request }) => {
    asked.push(await request.json());
    return HttpResponse.json(deployment({ number: 9, stack: 'docs', trigger: 'restart' }), {
      status: 201,
    });
  }),
);
beforeAll(() => server.listen());
afterEach(() => {
  asked.length = 0;
});
afterAll(() => server.close());

const [billing, , shop] = stacks as [Stack, Stack, Stack];
const job = { ...billing.services[0], name: 'migrate', mode: 'replicated_job' };
const docs = {
  ...billing,
  name: 'docs',
  services: [...billing.services, job as Stack['services'][number]],
};

async function show(stack: Stack) {
  showPage(<RestartDialog stack={stack} open onOpenChange={() => {}} />);
  return within(await screen.findByRole('alertdialog', { name: `Restart ${stack.name}?` }));
}

test('all services are restarted where nobody chooses', async () => {
  const dialog = await show(docs);
  expect(dialog.getByText(/stays the same release/)).toBeTruthy();
  expect(dialog.getByRole('radio', { name: 'All 2' })).toHaveProperty('checked', true);
  fireEvent.click(dialog.getByRole('button', { name: 'Restart' }));
  await waitFor(() => expect(asked).toEqual([{ services: [] }]));
});

test('those that are chosen are restarted, and jobs are no choice', async () => {
  const dialog = await show(docs);
  fireEvent.click(dialog.getByRole('radio', { name: 'Chosen ones' }));
  const button = dialog.getByRole('button', { name: 'Restart' });
  expect(button.getAttribute('aria-disabled')).toBe('true');
  expect(dialog.queryByRole('checkbox', { name: 'migrate' })).toBeNull();
  fireEvent.click(dialog.getByRole('checkbox', { name: 'pdf' }));
  fireEvent.click(button);
  await waitFor(() => expect(asked).toEqual([{ services: ['pdf'] }]));
});

test('nothing is restarted while a deployment is under way, and that is said', async () => {
  const dialog = await show(shop);
  expect(dialog.getByText(/A deployment is under way/)).toBeTruthy();
  fireEvent.click(dialog.getByRole('button', { name: 'Restart' }));
  expect(asked).toEqual([]);
});
