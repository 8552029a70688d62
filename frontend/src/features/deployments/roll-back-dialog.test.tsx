import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Deployment } from '~/api/schema.gen';
import { commit, deployment } from '~/test/fixtures';
import { showPage } from '~/test/show';

import { RollBackDialog } from './roll-back-dialog';
import { kept } from './words';

const asked: unknown[] = [];
let items: Deployment[] = [];
const server = setupServer(
  http.get('*/api/v1/stacks/shop/deployments', () =>
    HttpResponse.json({ items, next_cursor: null }),
  ),
  http.post('*/api/v1/stacks/shop/rollback', async ({ request }) => {
    asked.push(await request.json());
    return HttpResponse.json(deployment({ number: 12, trigger: 'rollback' }), { status: 201 });
  }),
);
beforeAll(() => server.listen());
afterEach(() => {
  asked.length = 0;
});
afterAll(() => server.close());

async function show(found: Deployment[]) {
  items = found;
  showPage(<RollBackDialog stack="shop" open onOpenChange={() => {}} />);
  return within(await screen.findByRole('alertdialog', { name: 'Roll shop back?' }));
}

const runs = deployment({ number: 11 });
const restart = deployment({ number: 10, trigger: 'restart' });
const failed = deployment({ number: 9, phase: 'failed' });
const older = deployment({ number: 8, commit: commit('0b77e1c', 'Bump postgres to 17') });
const forgotten = deployment({ number: 7, can_roll_back: false });

test('what runs, a restart and what is not kept are nothing to go back to', () => {
  const numbers = (of: Deployment[]) => kept(of).map(({ number }) => number);
  expect(numbers([runs, restart, failed, older, forgotten])).toEqual([8]);
  expect(numbers([restart, older, forgotten])).toEqual([]);
  // What failed may have been kept as it is: then the last that went well is the way back.
  expect(numbers([failed, older, forgotten])).toEqual([8]);
});

test('one of the kept releases is chosen, and gone back to', async () => {
  const dialog = await show([runs, failed, older, forgotten]);
  const release = await dialog.findByRole('radio', { name: /#8.*0b77e1c.*Bump postgres to 17/ });
  expect(dialog.getAllByRole('radio')).toHaveLength(1);
  expect(dialog.getByText(/Data in volumes stays as it is now/)).toBeTruthy();
  fireEvent.click(dialog.getByRole('button', { name: 'Roll back' }));
  expect(asked).toEqual([]);
  fireEvent.click(release);
  fireEvent.click(dialog.getByRole('button', { name: 'Roll back to #8' }));
  await waitFor(() => expect(asked).toEqual([{ number: 8 }]));
});

test('where there is nothing to go back to, that is said', async () => {
  const dialog = await show([runs, failed]);
  expect(await dialog.findByText('Nothing to go back to')).toBeTruthy();
});
