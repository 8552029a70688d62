import { useNavigate, useSearch } from '@tanstack/react-router';
import { act, screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { describe, expect, test } from 'vitest';

import { clusterQuery, stackQuery } from '~/api/queries';
import type { Stack } from '~/api/schema.gen';
import { cluster } from '~/test/cluster-fixtures';
import { service, stack } from '~/test/fixtures';
import { large } from '~/test/large-fixtures';
import { showPage, signedIn } from '~/test/show';

import { OverviewPage } from './overview-page';

const SHOP = stack('shop', {
  services: [
    service('api', {
      health: 'degraded',
      running: 1,
      reason: 'task exited (1) 3 times',
      depends_on: ['store'],
    }),
    service('store', { volumes: ['shop_data', 'elsewhere'] }),
    service('web', { urls: ['http://shop.example.com/'], depends_on: ['api'] }),
  ],
});

/** The overview, as its route has it. */
function Overview() {
  const { service: name } = useSearch({ strict: false });
  const navigate = useNavigate();
  return (
    <OverviewPage
      name="shop"
      deployments={null}
      service={name}
      onService={(next) => void navigate({ to: '.', search: { service: next } })}
    />
  );
}

async function open(address = '/stacks/shop', shop: Stack = SHOP) {
  const client = signedIn();
  client.setQueryData(stackQuery('shop').queryKey, shop);
  client.setQueryData(clusterQuery().queryKey, cluster);
  const router = showPage(<Overview />, { client, address });
  await screen.findByRole('region', { name: 'Topology' });
  return router;
}

const node = (name: RegExp) =>
  within(screen.getByRole('region', { name: 'Topology' })).getByRole('button', { name });
const panel = (name: string) => screen.findByRole('complementary', { name: `Service ${name}` });
const gone = () => waitFor(() => expect(screen.queryByRole('complementary')).toBeNull());

describe('the map of a stack', () => {
  test('has a button for each service, which says its name and how it is', async () => {
    await open();
    const buttons = within(screen.getByRole('region', { name: 'Topology' })).getAllByRole('button');
    expect(buttons.map((it) => it.textContent)).toEqual([
      'web Healthy 2/2 · 9f2c1ab',
      'api 1/2 · Degraded',
      'store Healthy 2/2 · 9f2c1ab',
    ]);
  });

  test('of many services has a box for those named alike, which opens and closes', async () => {
    await open('/stacks/shop', { ...large, name: 'shop' });
    const boxes = within(screen.getByRole('region', { name: 'Topology' }));
    const names = () => boxes.getAllByRole('button').map((it) => it.textContent);
    expect(names()).toContain('orders-* 12 services');
    expect(names()).toContain('jobs-* 1 not well');
    expect(names()).toHaveLength(8);
    await userEvent.click(node(/^orders-\*/));
    expect(node(/^orders-checkout/)).toHaveFocus();
    expect(names()).toHaveLength(19);
    await userEvent.click(screen.getByRole('button', { name: 'Group again' }));
    expect(names()).toHaveLength(8);
    expect(boxes.getAllByRole('button')).toContain(document.activeElement);
    expect(document.activeElement).toHaveAttribute('aria-expanded', 'false');
  });

  test('opens the box of the service whose panel is open', async () => {
    await open('/stacks/shop?service=jobs-rates', { ...large, name: 'shop' });
    expect(node(/^jobs-rates/)).toHaveAttribute('aria-expanded', 'true');
    expect(node(/^orders-\*/)).toHaveAttribute('aria-expanded', 'false');
  });

  test('shows named volumes without the stack’s name before them', async () => {
    await open();
    const map = within(screen.getByRole('region', { name: 'Topology' }));
    expect(map.getByText('data')).toHaveAttribute('title', 'shop_data');
    expect(map.getByText('elsewhere')).toBeVisible();
  });

  test('brings out what the pointer or the keyboard is at, with all that it is joined to', async () => {
    await open();
    const lit = () =>
      [...document.querySelectorAll('[aria-label=Topology] .border-ink')].map(
        (it) => it.querySelector('.font-medium')?.firstChild?.textContent,
      );
    const paths = () => document.querySelectorAll('path.stroke-ink').length;
    expect([lit(), paths()]).toEqual([[], 0]);

    await userEvent.hover(node(/^store/));
    expect([lit(), paths()]).toEqual([['api', 'store', 'elsewhere', 'data'], 3]);
    await userEvent.unhover(node(/^store/));
    expect([lit(), paths()]).toEqual([[], 0]);

    act(() => node(/^web/).focus());
    expect([lit(), paths()]).toEqual([['Traefik', 'web', 'api'], 2]);
    // What is open stays so.
    await userEvent.keyboard('{Enter}');
    await panel('web');
    expect([lit(), paths()]).toEqual([['Traefik', 'web', 'api'], 2]);
  });
});

describe('the panel of a service', () => {
  test('opens by the keyboard, has an address, and takes the focus', async () => {
    const router = await open();
    node(/^api/).focus();
    await userEvent.keyboard('{Enter}');
    expect(within(await panel('api')).getByText(/Task exited \(1\) 3 times/)).toBeVisible();
    expect(router.state.location.search).toEqual({ service: 'api' });
    expect(node(/^api/)).toHaveAttribute('aria-expanded', 'true');
    await waitFor(() => expect(screen.getByRole('heading', { name: 'Service api' })).toHaveFocus());
  });

  test('closes with Esc, and the focus goes back to where it came from', async () => {
    const router = await open();
    await userEvent.click(node(/^api/));
    await panel('api');
    await waitFor(() => expect(screen.getByRole('heading', { name: 'Service api' })).toHaveFocus());
    await userEvent.keyboard('{Escape}');
    await gone();
    expect(router.state.location.search).toEqual({});
    expect(node(/^api/)).toHaveFocus();
  });

  test('is there after a reload, leaves the focus alone, and then closes into the map', async () => {
    await open('/stacks/shop?service=store');
    await panel('store');
    expect(document.body).toHaveFocus();
    await userEvent.keyboard('{Escape}');
    await gone();
    expect(node(/^store/)).toHaveFocus();
  });

  test('leaves the focus with whoever went on elsewhere', async () => {
    await open();
    await userEvent.click(node(/^api/));
    await panel('api');
    const logs = screen.getByRole('link', { name: 'Logs of web' });
    logs.focus();
    await userEvent.keyboard('{Escape}');
    await gone();
    expect(logs).toHaveFocus();
  });

  test('leaves Esc to a dialog that is open', async () => {
    await open('/stacks/shop?service=store');
    await panel('store');
    const dialog = document.createElement('div');
    dialog.setAttribute('role', 'dialog');
    document.body.append(dialog);
    await userEvent.keyboard('{Escape}');
    dialog.remove();
    expect(await panel('store')).toBeVisible();
  });

  test('closes when its service is pressed again', async () => {
    await open();
    await userEvent.click(node(/^web/));
    await panel('web');
    await userEvent.click(node(/^web/));
    await gone();
    expect(node(/^web/)).toHaveFocus();
  });

  test('says where the tasks run, what is kept, and what it is joined to', async () => {
    await open('/stacks/shop?service=web');
    const web = within(await panel('web'));
    const fact = (name: string) => web.getByText(name).parentElement;
    expect(fact('Tasks')).toHaveTextContent('2 of 2');
    expect(fact('Nodes')).toHaveTextContent('harbour-11 taskharbour-21 task');
    expect(fact('Answers at')).toHaveTextContent('shop.example.com');
    expect(web.queryByText('Needed by')).toBeNull();
    expect(web.getByRole('link', { name: 'Logs' })).toHaveAttribute(
      'href',
      expect.stringContaining('/stacks/shop/logs'),
    );

    await userEvent.click(web.getByRole('link', { name: 'api' }));
    const api = within(await panel('api'));
    expect(api.getByText('Needed by').parentElement).toHaveTextContent('web');
    await userEvent.click(api.getByRole('link', { name: 'store' }));
    const store = within(await panel('store'));
    expect(store.getByText('Volumes').parentElement).toHaveTextContent('dataelsewhere');
    expect(store.getByText('Nodes').parentElement).toHaveTextContent('harbour-21 task');
  });

  test('says so where none of the tasks runs anywhere', async () => {
    await open('/stacks/shop?service=cron', { ...SHOP, services: [service('cron')] });
    const cron = within(await panel('cron'));
    expect(cron.getByText('Nodes').parentElement).toHaveTextContent('On none');
    expect(cron.getByText('Answers at').parentElement).toHaveTextContent('Inside the stack only');
  });

  test('says what differs of its service, and of no other', async () => {
    const differs = (name: string) => ({
      kind: 'service' as const,
      name,
      field: 'replicas',
      desired: '2',
      live: '5',
      sentence: `service \`${name}\` runs 5 replicas`,
    });
    await open('/stacks/shop?service=web', {
      ...SHOP,
      synced: false,
      differences: [differs('web'), differs('api')],
    });
    const web = within(await panel('web'));
    expect(web.getByText(/runs 5 replicas/)).toHaveTextContent('Service web runs 5 replicas');
    expect(web.getByRole('link', { name: 'See 1 difference side by side' })).toBeVisible();
  });

  test('of a service that is not there says so', async () => {
    await open('/stacks/shop?service=nope');
    expect(within(await panel('nope')).getByText('There is no such service')).toBeVisible();
  });
});

test('a service’s row opens its panel by a link, and the logs are one press away', async () => {
  const router = await open();
  const table = within(screen.getByRole('table', { name: 'Services' }));
  const link = table.getByRole('link', { name: 'store' });
  await userEvent.click(link);
  await panel('store');
  expect(router.state.location.search).toEqual({ service: 'store' });
  await userEvent.click(screen.getByRole('button', { name: 'Close' }));
  await gone();
  expect(link).toHaveFocus();
  expect(table.getByRole('link', { name: 'Logs of store' })).toHaveAttribute(
    'href',
    expect.stringMatching(/logs\?service=/),
  );
});
