import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Deployment, Role } from '~/api/schema.gen';
import { waiting } from '~/test/control-fixtures';
import { showPage, signedIn } from '~/test/show';

import { Control } from './control';

const asked: [path: string, body: unknown][] = [];
const server = setupServer(
  http.post('*/api/v1/deployments/:id/:what', async ({ request, params }) => {
    const text = await request.text();
    const body: unknown = text ? JSON.parse(text) : null;
    if (params.what === 'reject' && (body as { reason: string }).reason === '') {
      const detail = 'Say why, for whoever wonders.';
      return HttpResponse.json(
        { title: 'No', status: 422, detail, errors: [{ pointer: '/reason', detail }] },
        { status: 422, headers: { 'content-type': 'application/problem+json' } },
      );
    }
    asked.push([String(params.what), body]);
    return HttpResponse.json(waiting, { status: 202 });
  }),
);
beforeAll(() => server.listen());
afterEach(() => {
  server.resetHandlers();
  asked.length = 0;
});
afterAll(() => server.close());

async function show(deployment: Deployment, role: Role = 'admin') {
  showPage(<Control deployment={deployment} />, { client: signedIn(role) });
  await screen.findByRole('button', { name: 'Cancel deployment' });
}

test('a deployment that waits for nobody has nothing to decide', async () => {
  await show({ ...waiting, needs_approval: false, frozen: null });
  for (const name of ['Approve', 'Reject…', 'Override freeze…']) {
    expect(screen.queryByRole('button', { name })).toBeNull();
  }
});

test('whoever rejects says why, and hears when they did not', async () => {
  await show(waiting, 'operator');
  fireEvent.click(screen.getByRole('button', { name: 'Reject…' }));
  const dialog = within(await screen.findByRole('alertdialog', { name: 'Reject #58?' }));
  fireEvent.click(dialog.getByRole('button', { name: 'Reject' }));
  expect(await dialog.findByText('Say why, for whoever wonders.')).toBeTruthy();
  fireEvent.change(dialog.getByLabelText('Reason'), { target: { value: ' not on a Friday ' } });
  fireEvent.click(dialog.getByRole('button', { name: 'Reject' }));
  await waitFor(() => expect(asked).toEqual([['reject', { reason: 'not on a Friday' }]]));
});

test('approving takes one press', async () => {
  await show(waiting, 'operator');
  fireEvent.click(screen.getByRole('button', { name: 'Approve' }));
  await waitFor(() => expect(asked).toEqual([['approve', null]]));
});

test('only an admin lets a deployment through a freeze, whose reason is shown', async () => {
  await show(waiting, 'operator');
  const denied = screen.getByRole('button', { name: 'Override freeze…' });
  expect(denied.getAttribute('aria-disabled')).toBe('true');
});

test('an admin’s override says which freeze it is', async () => {
  await show(waiting);
  fireEvent.click(screen.getByRole('button', { name: 'Override freeze…' }));
  const dialog = within(await screen.findByRole('alertdialog'));
  expect(dialog.getByText(/Summer sale/)).toBeTruthy();
  fireEvent.change(dialog.getByLabelText('Reason'), { target: { value: 'a hole to close' } });
  fireEvent.click(dialog.getByRole('button', { name: 'Override freeze' }));
  await waitFor(() => expect(asked).toEqual([['override-freeze', { reason: 'a hole to close' }]]));
});
