import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type { AvailabilityChange, NodeDetail, Role } from '~/api/schema.gen';
import { before } from '~/test/fixtures';
import { node, nodeDetail } from '~/test/cluster-fixtures';
import { showPage, signedIn } from '~/test/show';

import { NodePage } from './node-page';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const URL = '*/api/v1/cluster/nodes/id-of-harbour-1';

/** The page of a node, and what was sent to change it. */
function show(detail: NodeDetail, role: Role = 'admin'): AvailabilityChange[] {
  const sent: AvailabilityChange[] = [];
  server.use(
    http.get(URL, () => HttpResponse.json(detail)),
    http.put(`${URL}/availability`, async ({ request }) => {
      const change = (await request.json()) as AvailabilityChange;
      sent.push(change);
      const at = new Date().toISOString();
      const intent = {
        availability: change.availability,
        by: 'Ada',
        at,
        done_at: null,
        failure: null,
      };
      return HttpResponse.json({ ...detail, intent }, { status: 202 });
    }),
  );
  showPage(<NodePage id="id-of-harbour-1" />, { client: signedIn(role) });
  return sent;
}

const button = (name: string) => screen.findByRole('button', { name });

test('what a node is, has and runs stands on its page', async () => {
  show(nodeDetail(node('harbour-1', { labels: { disk: 'ssd' } })));
  const table = await screen.findByRole('table', { name: 'Tasks' });
  const api = within(table).getByText('api.2').closest('tr');
  expect(api?.textContent).toMatch(/shop.*Starting/);
  const other = within(table).getByText('node-exporter').closest('tr');
  expect(other?.textContent).toContain('Not Berth’s');
  expect(other?.textContent).toContain('One runs on each node');
  expect(screen.getByText('disk=ssd')).toBeTruthy();
  expect(screen.getByText('1.75 CPUs reserved')).toBeTruthy();
  expect(screen.getByText('linux / x86_64')).toBeTruthy();
});

test('draining says what becomes of each task, and is asked for', async () => {
  const sent = show(nodeDetail(node('harbour-1')));
  fireEvent.click(await button('Drain…'));
  const dialog = await screen.findByRole('alertdialog', { name: 'Drain harbour-1?' });
  expect(dialog.textContent).toMatch(/Its 6 tasks stop/);
  const group = within(dialog).getByRole('group', { name: 'What becomes of its tasks' });
  const fates = within(group)
    .getAllByRole('heading')
    .map(({ textContent }) => textContent);
  expect(fates).toEqual([
    'Nowhere to go: they wait',
    'Move, without their data',
    'End',
    'Move to other nodes',
  ]);
  expect(group.textContent).toContain('shop / api ×2');
  expect(group.textContent).toContain('shop / db — what is in shop_data stays on this node');
  fireEvent.click(within(dialog).getByRole('button', { name: 'Drain node' }));
  await waitFor(() => expect(sent).toEqual([{ availability: 'drain', even_with_leader: false }]));
  expect(await screen.findByText(/Ada asked for it to be drained/)).toBeTruthy();
});

test('whoever drains the node with Berth’s leader is told so first', async () => {
  const sent = show(nodeDetail(node('harbour-1', { berth_leader: true })));
  fireEvent.click(await button('Drain…'));
  const dialog = await screen.findByRole('alertdialog');
  expect(dialog.textContent).toContain('Berth’s leader works through this node.');
  fireEvent.click(within(dialog).getByRole('button', { name: 'Drain it all the same' }));
  await waitFor(() => expect(sent).toEqual([{ availability: 'drain', even_with_leader: true }]));
});

test('the last node is not drained, and the dialog says why', async () => {
  const detail = nodeDetail(node('harbour-1'));
  const no_drain = 'No other node takes tasks.';
  const sent = show({ ...detail, load: detail.load && { ...detail.load, no_drain } });
  fireEvent.click(await button('Drain…'));
  const dialog = await screen.findByRole('alertdialog');
  expect(dialog.textContent).toContain(no_drain);
  const drain = within(dialog).getByRole('button', { name: 'Drain node' });
  expect(drain.getAttribute('aria-disabled')).toBe('true');
  fireEvent.click(drain);
  expect(sent).toEqual([]);
});

test('a drained node is made active again', async () => {
  const sent = show(nodeDetail(node('harbour-1', { availability: 'drain' })));
  expect(await screen.findByText('Nothing runs here')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Drain…' })).toBeNull();
  fireEvent.click(await button('Make active'));
  await waitFor(() => expect(sent).toEqual([{ availability: 'active', even_with_leader: false }]));
});

test('an operator looks, and is told what changing takes', async () => {
  const sent = show(nodeDetail(node('harbour-1')), 'operator');
  const pause = await button('Pause');
  expect(pause.title).toContain('This needs the role “admin”');
  fireEvent.click(pause);
  expect(sent).toEqual([]);
});

test('what could not be done, and what can’t be known, is said', async () => {
  const intent = {
    availability: 'drain' as const,
    by: 'Ada',
    at: before(3),
    done_at: before(2),
    failure: 'No other node takes tasks.',
  };
  show(nodeDetail(node('harbour-1'), { intent, load: null, blind: 'connection refused' }));
  expect(await screen.findByText(/was to be drained, as Ada asked, and is not/)).toBeTruthy();
  expect(screen.getByText(/What is on it is not known: connection refused/)).toBeTruthy();
  fireEvent.click(await button('Drain…'));
  const dialog = await screen.findByRole('alertdialog');
  expect(dialog.textContent).toContain('What would move is not known: connection refused');
});
