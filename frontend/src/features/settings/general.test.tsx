import { screen, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { instance } from '~/test/settings-fixtures';
import { showPage } from '~/test/show';

import { GeneralSettings } from './general';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

function show(answer: () => Response) {
  server.use(http.get('*/api/v1/settings', answer));
  showPage(<GeneralSettings />);
}

test('each fact names what sets it, by what it is about', async () => {
  show(() => HttpResponse.json(instance));
  expect(await screen.findByRole('heading', { name: 'Addresses' })).toBeTruthy();
  const pruning = screen.getByRole('heading', { name: 'Pruning' }).closest('section')!;
  expect(within(pruning).getByText('BERTH_PRUNE_LIMIT')).toBeTruthy();
  expect(within(pruning).getByText('25 %')).toBeTruthy();
  expect(screen.getAllByText('Fixed')).toHaveLength(2);
  expect(screen.getByText('Not set')).toBeTruthy();
});

test('where they cannot be read, it says so', async () => {
  show(() => HttpResponse.json({ title: 'No', status: 503 }, { status: 503 }));
  expect(await screen.findByText('Could not load the settings')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Retry' })).toBeTruthy();
});
