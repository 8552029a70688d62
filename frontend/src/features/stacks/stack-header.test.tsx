import { fireEvent, screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { stackQuery } from '~/api/queries';
import { later } from '~/lib/later';
import { stack } from '~/test/fixtures';
import { showPage, signedIn } from '~/test/show';
import { Toasts } from '~/ui/toast';

import { StackHeader } from './stack-header';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

type Props = { stack: string; open: boolean; onOpenChange: (open: boolean) => void };

function show(RollBackDialog = later<Props>(() => Promise.resolve(() => null))) {
  const client = signedIn();
  client.setQueryData(stackQuery('shop').queryKey, stack('shop'));
  showPage(
    <>
      <StackHeader name="shop" RollBackDialog={RollBackDialog} />
      <Toasts />
    </>,
    { client },
  );
}

async function choose(item: string) {
  fireEvent.click(await screen.findByRole('button', { name: 'More actions' }));
  fireEvent.click(await screen.findByRole('menuitem', { name: item }));
}

test('a dialog whose code did not come says so, and the next press asks for it again', async () => {
  let tries = 0;
  const RollBackDialog = later<Props>(() =>
    tries++ === 0
      ? Promise.reject(new TypeError('Failed to fetch'))
      : Promise.resolve(({ stack: name, open }) => open && <p role="alertdialog">Back, {name}?</p>),
  );
  show(RollBackDialog);
  const ask = () => choose('Roll back…');
  await ask();
  expect(await screen.findByRole('alert')).toHaveTextContent('A part of this page did not come.');
  await ask();
  expect(await screen.findByRole('alertdialog')).toHaveTextContent('Back, shop?');
  expect(screen.queryByRole('alert')).toBeNull();
});

test('a pause is shown at once, and Undo takes it back', async () => {
  const asked: string[] = [];
  let answer: (() => void) | undefined;
  server.use(
    http.post('*/api/v1/stacks/shop/:act', async ({ params }) => {
      asked.push(String(params.act));
      await new Promise<void>((resolve) => (answer = resolve));
      return new HttpResponse(null, { status: 204 });
    }),
  );
  show();
  await choose('Pause stack');
  // Berth has not answered yet.
  expect(await screen.findByText('paused')).toBeDefined();
  await waitFor(() => expect(asked).toEqual(['pause']));
  answer?.();
  fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(screen.queryByText('paused')).toBeNull());
  await waitFor(() => expect(asked).toEqual(['pause', 'resume']));
  answer?.();
  expect(await screen.findByText('Undone')).toBeDefined();
});

test('a pause that is refused is taken back, and says why', async () => {
  server.use(
    http.post('*/api/v1/stacks/shop/pause', () =>
      HttpResponse.json(
        { title: 'No', status: 409, detail: 'It is on its way out.' },
        { status: 409, headers: { 'content-type': 'application/problem+json' } },
      ),
    ),
  );
  show();
  await choose('Pause stack');
  expect(await screen.findByRole('alert')).toHaveTextContent('It is on its way out.');
  expect(screen.queryByText('paused')).toBeNull();
});
