import { QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { dryRunQuery } from '~/api/queries';
import type { DryRun, Role } from '~/api/schema.gen';
import { dryRunAnswer, failing } from '~/test/dry-run-fixtures';
import { stack } from '~/test/fixtures';
import { signedIn } from '~/test/show';

import { DryRunView } from './dry-run-page';

const asked = { by: 'Ada', at: '2026-01-01T00:00:00Z' };
let times = 0;
const server = setupServer(
  http.post('*/api/v1/stacks/shop/dry-run', () => {
    times += 1;
    return HttpResponse.json({ asked, answer: null }, { status: 202 });
  }),
);
beforeAll(() => server.listen());
afterEach(() => {
  times = 0;
});
afterAll(() => server.close());

function show(run: DryRun, of = stack('shop'), role: Role = 'operator') {
  const client = signedIn(role);
  render(
    <QueryClientProvider client={client}>
      <DryRunView name="shop" run={run} stack={of} />
    </QueryClientProvider>,
  );
  return client;
}

describe('a dry run', () => {
  it('says what a deployment would do, and shows it side by side', () => {
    show({ asked, answer: dryRunAnswer });
    expect(screen.getByText('Redeploy would make 6 changes')).toBeVisible();
    expect(screen.getByText(/^Scale service/)).toHaveTextContent(
      'Scale service web from 2 to 3 replicas',
    );
    expect(screen.getByText(/has yet to be built/)).toBeVisible();
    const lines = within(screen.getByRole('list', { name: 'Plan' })).getAllByRole('listitem');
    expect(lines.map((line) => line.textContent)).toContain('+make service cache redis:8 x1');
    const web = screen.getByRole('group', { name: 'Service web' });
    expect(web).toHaveTextContent('Live: image: berth/shop-web:9f1c2ab');
    expect(web).toHaveTextContent('After a deployment: image: berth/shop-web:7d20e41');
    expect(web).toHaveTextContent(/\d+ equal lines/);
    const cache = screen.getByRole('group', { name: 'Service cache' });
    expect(within(cache).queryByText('Live')).toBeNull();
    expect(screen.getByText('Values that may be secret are hidden.')).toBeVisible();
  });

  it('that would change nothing says so', () => {
    const nothing = { ...dryRunAnswer, differences: [], texts: [], notes: [] };
    show({ asked, answer: nothing });
    expect(screen.getByText('Redeploy would change nothing')).toBeVisible();
    expect(screen.queryByText('What it would do')).toBeNull();
  });

  it('of what would fail says why, where, and what it would wait for', () => {
    show({ asked, answer: failing });
    expect(screen.getByText(/^Redeploy would fail/)).toBeVisible();
    expect(screen.getByText(/has no image/)).toHaveTextContent('redis:88');
    expect(screen.getByText('compose.yaml:31:12')).toBeVisible();
    expect(screen.getByText(/somebody has to approve it\.$/)).toBeVisible();
    expect(screen.queryByText(/^Redeploy would make/)).toBeNull();
  });

  it('calls the act what the button of the stack is called', () => {
    show(
      { asked, answer: dryRunAnswer },
      stack('shop', { latest_deployment: { number: 1, phase: 'failed' } }),
    );
    expect(screen.getByText('Retry would make 6 changes')).toBeVisible();
    expect(screen.getByText(/^What Retry would do/)).toBeVisible();
  });

  it('says when a deployment came after it', () => {
    const number = dryRunAnswer.number;
    const after = stack('shop', { latest_deployment: { number, phase: 'succeeded' } });
    show({ asked, answer: dryRunAnswer }, after);
    expect(screen.getByText(`Deployment #${number} came after`, { exact: false })).toBeVisible();
  });

  it('is asked for by whoever may deploy, and waited for', async () => {
    const client = show({ asked: null, answer: null });
    fireEvent.click(screen.getByRole('button', { name: 'Dry run' }));
    await expect.poll(() => times).toBe(1);
    const key = dryRunQuery('shop').queryKey;
    await expect.poll(() => client.getQueryData(key)).toEqual({ asked, answer: null });
  });

  it('that is being found out has nothing to press', () => {
    show({ asked, answer: null });
    expect(screen.getByRole('status')).toHaveTextContent('Finding out');
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('is for viewers to read alone', () => {
    show({ asked, answer: dryRunAnswer }, stack('shop'), 'viewer');
    expect(screen.getByRole('button', { name: 'Run again' })).toHaveAttribute('aria-disabled');
  });

  it('is of nothing where the stack goes', () => {
    show({ asked, answer: dryRunAnswer }, stack('shop', { wanted: 'absent' }));
    expect(screen.getByText('Nothing to deploy')).toBeVisible();
  });
});
