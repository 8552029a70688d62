import { QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { Role } from '~/api/schema.gen';
import { signedIn } from '~/test/show';

import { HeldOrphans } from './held-orphans';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const at = '2026-11-27T03:00:00Z';
const orphan = (stack: string) => ({ stack, since: at, due: at, actions: ['- service web'] });

function show(role: Role) {
  const plan = {
    orphans: [orphan('blog'), orphan('<b>wiki</b>')],
    nodes: [],
    held: true,
    approved: null,
  };
  render(
    <QueryClientProvider client={signedIn(role)}>
      <HeldOrphans plan={plan} />
    </QueryClientProvider>,
  );
  fireEvent.click(screen.getByRole('button', { name: 'Show them' }));
}

test('the stacks that were shown are let go, and no others', async () => {
  let asked: unknown;
  server.use(
    http.post('*/api/v1/prune/approve', async ({ request }) => {
      asked = await request.json();
      return new HttpResponse(null, { status: 204 });
    }),
  );
  show('admin');
  expect(await screen.findByText('<b>wiki</b>')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Remove them' }));
  await waitFor(() => expect(asked).toEqual({ stacks: ['blog', '<b>wiki</b>'] }));
});

test('a plan that changed meanwhile says so, and nothing is lost', async () => {
  const detail = 'The plan has other stacks by now, or nothing is held. Read it again.';
  server.use(
    http.post('*/api/v1/prune/approve', () =>
      HttpResponse.json(
        { title: 'Conflict', status: 409, detail },
        { status: 409, headers: { 'content-type': 'application/problem+json' } },
      ),
    ),
  );
  show('admin');
  fireEvent.click(await screen.findByRole('button', { name: 'Remove them' }));
  expect((await screen.findByRole('alert')).textContent).toBe(detail);
});

test('who may not let them go sees why', async () => {
  show('viewer');
  const button = await screen.findByRole('button', { name: 'Remove them' });
  expect(button.getAttribute('aria-disabled')).toBe('true');
  expect(screen.getByText('This needs the role “admin”; yours is “viewer”.')).toBeTruthy();
});
