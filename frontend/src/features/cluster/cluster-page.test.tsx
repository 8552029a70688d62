import { screen, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { cluster, node } from '~/test/cluster-fixtures';
import { before } from '~/test/fixtures';
import { showPage } from '~/test/show';

import { ClusterPage } from './cluster-page';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

function show(answer: () => Response) {
  server.use(http.get('*/api/v1/cluster', answer));
  showPage(<ClusterPage />);
}

test('a node that is away is named, with what became of it', async () => {
  const lost_at = before(14);
  const lost = node('harbour-9', { state: 'down', away_since: lost_at });
  const outage = {
    node_id: lost.id,
    hostname: lost.hostname,
    lost_at,
    ended_at: null,
    ending: null,
  };
  show(() => HttpResponse.json({ ...cluster, nodes: [...cluster.nodes, lost], outages: [outage] }));
  const row = (await screen.findByTitle('harbour-9')).closest('tr');
  expect(row?.textContent).toMatch(/Away.*since 14m ago/);
  expect(screen.getByText('3 of 4')).toBeTruthy();
  expect(screen.getByText('is away', { exact: false })).toBeTruthy();
});

test('three numbers answer first: nodes, tasks, and where Berth’s leader is', async () => {
  show(() => HttpResponse.json(cluster));
  const answer = async (name: string) =>
    (await screen.findByText(name, { selector: 'dt' })).nextSibling?.textContent;
  expect(await answer('Nodes ready')).toBe('3 of 3');
  expect(await answer('Tasks running')).toBe('8 of 9');
  expect(await answer('Berth’s leader')).toBe('harbour-1');
});

test('each node has its tasks and labels', async () => {
  show(() => HttpResponse.json(cluster));
  const table = await screen.findByRole('table', { name: 'Nodes' });
  const first = within(table).getByTitle('harbour-1').closest('tr');
  expect(first?.textContent).toContain('5 tasks in 3 stacks');
  expect(first?.textContent).toContain('berth.postgres=true');
  expect(within(table).getByText('Drained')).toBeTruthy();
});

test('before a Berth has looked there are none, and a failure can be tried again', async () => {
  show(() => HttpResponse.json({ ...cluster, nodes: [], outages: [] }));
  expect(await screen.findByText('No nodes yet')).toBeTruthy();
});

test('what failed says so', async () => {
  show(() => HttpResponse.json({ title: 'Unavailable' }, { status: 503 }));
  expect(await screen.findByText('Could not load the nodes')).toBeTruthy();
});
