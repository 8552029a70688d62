import { fireEvent, screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Role, StackSettings } from '~/api/schema.gen';
import { showPage, signedIn } from '~/test/show';
import { settings } from '~/test/state-fixtures';

import { StackSettingsPage } from './settings-page';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const URL = '*/api/v1/stacks/shop/settings';

/** The page, with an API that has `settings` at version 4; what is put is kept. */
function show(put: (sent: StackSettings, etag: string | null) => Response, role: Role = 'admin') {
  server.use(
    http.get(URL, () => HttpResponse.json(settings, { headers: { etag: '"4"' } })),
    http.put(URL, async ({ request }) =>
      put((await request.json()) as StackSettings, request.headers.get('if-match')),
    ),
  );
  return showPage(<StackSettingsPage name="shop" />, {
    client: signedIn(role),
    others: { '/events': <p>Away</p> },
  });
}

const refusal = (status: number, errors: { pointer: string; detail: string }[] = []) =>
  HttpResponse.json(
    { title: 'No', status, detail: 'No.', errors },
    { status, headers: { 'content-type': 'application/problem+json' } },
  );

test('what is changed is sent with the version that was read, and the rest as it was', async () => {
  const sent: [StackSettings, string | null][] = [];
  show((body, etag) => {
    sent.push([body, etag]);
    return HttpResponse.json(body, { headers: { etag: '"5"' } });
  });
  fireEvent.click(await screen.findByRole('checkbox', { name: /waits until somebody/ }));
  expect(screen.getByText('What waits for approval no longer waits for it.')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Remove Holidays' }));
  fireEvent.click(screen.getByRole('button', { name: 'Save settings' }));
  await waitFor(() => expect(sent).toHaveLength(1));
  const kept = settings.freezes.slice(0, 1);
  expect(sent[0]).toEqual([{ ...settings, protected: false, freezes: kept }, '"4"']);
  await waitFor(() => expect(screen.queryByText(/Nothing changes until/)).toBeNull());
});

test('what the server finds wrong stands at its row', async () => {
  show(() =>
    refusal(422, [{ pointer: '/freezes/2/reason', detail: 'Say why, for whoever wonders.' }]),
  );
  fireEvent.click(await screen.findByRole('button', { name: 'Add freeze' }));
  fireEvent.click(screen.getByRole('button', { name: 'Save settings' }));
  expect(await screen.findByText('Say why, for whoever wonders.')).toBeTruthy();
  const [, , reason] = screen.getAllByRole('textbox', { name: 'Reason' });
  expect(reason?.getAttribute('aria-invalid')).toBe('true');
});

test('whoever was slower hears of it, and may take the other’s version', async () => {
  show(() => refusal(412));
  fireEvent.click(await screen.findByRole('checkbox', { name: /waits until somebody/ }));
  fireEvent.click(screen.getByRole('button', { name: 'Save settings' }));
  const load = await screen.findByRole('button', { name: /Load their version/ });
  fireEvent.click(load);
  await waitFor(() => expect(screen.queryByText(/Somebody else changed/)).toBeNull());
  const box = screen.getByRole<HTMLInputElement>('checkbox', { name: /waits until somebody/ });
  expect(box.checked).toBe(true);
});

test('what is not saved is not left by accident', async () => {
  const router = show(() => refusal(500));
  fireEvent.click(await screen.findByRole('checkbox', { name: /waits until somebody/ }));
  void router.navigate({ to: '/events' });
  fireEvent.click(await screen.findByRole('button', { name: 'Stay' }));
  expect(screen.queryByText('Away')).toBeNull();
  void router.navigate({ to: '/events' });
  fireEvent.click(await screen.findByRole('button', { name: 'Leave and drop changes' }));
  expect(await screen.findByText('Away')).toBeTruthy();
});

test('an operator reads the settings and is told who may change them', async () => {
  show(() => refusal(403), 'operator');
  expect(await screen.findByText(/This needs the role “admin”/)).toBeTruthy();
  const save = screen.getByRole('button', { name: 'Save settings' });
  expect(save.getAttribute('aria-disabled')).toBe('true');
});
