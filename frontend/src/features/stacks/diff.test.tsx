import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { Stack } from '~/api/schema.gen';
import { stack, stacks } from '~/test/fixtures';
import { showPage } from '~/test/show';

import { byObject } from './by-object';
import { Diff } from './diff-page';
import { needsPerson, whatNext } from './what-next';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const show = (what: Stack) =>
  showPage(<Diff stack={what} />, {
    others: { '/stacks/$stack/deployments/$number': <p>The deployment</p> },
  });

const drifted = stacks.find(({ name }) => name === 'shop-staging');

describe('what differs', () => {
  it('is said in sentences, and then object by object', async () => {
    if (!drifted) throw new Error('no stack of the fixtures has drifted');
    show(drifted);
    const { differences } = drifted;
    expect(
      await screen.findByText(`${differences.length} differences`, { exact: false }),
    ).toBeVisible();
    const list = screen.getByRole('list');
    expect(within(list).getAllByRole('listitem')).toHaveLength(differences.length);
    expect(list).toHaveTextContent('Service web runs 5 replicas; its release says 3');

    const web = screen.getByRole('table', { name: 'Service web' });
    const [, replicas, env, label] = within(web).getAllByRole('row');
    expect(replicas).toHaveTextContent('replicas35');
    expect(env).toHaveTextContent('env.DEBUG••• hidden••• hidden');
    expect(label).toHaveTextContent('labels.hotfixNot asked for');
    const network = screen.getByRole('table', { name: 'Network shop-staging_back' });
    expect(network).toHaveTextContent('EverythingPresentMissing');
    expect(screen.getByText('Values that may be secret are hidden.')).toBeVisible();
  });

  it('is nothing where the stack is synced, not yet seen or on its way out', () => {
    const said = (part: Parameters<typeof stack>[1]) => {
      const { container, unmount } = render(<Diff stack={stack('docs', part)} />);
      const text = container.textContent;
      unmount();
      return text;
    };
    expect(said({})).toMatch(/^Nothing differs/);
    expect(said({ observed_at: null })).toMatch(/^Nothing to compare yet/);
    expect(said({ wanted: 'absent' })).toMatch(/^Nothing to compareThis stack is being removed/);
  });

  it('says what becomes of it', () => {
    const next = (part: Parameters<typeof stack>[1]) => whatNext(stack('docs', part));
    expect(next({})).toBe('The next check puts this right.');
    expect(next({ deploying: true })).toMatch(/^A deployment/);
    expect(next({ paused: { by: 'Ada', at: '2026-01-01T00:00:00Z' } })).toMatch(/^Ada paused/);
    expect(next({ settings: { ...stack('docs').settings, drift: 'show' } })).toMatch(
      /only shows drift/,
    );
    expect(next({ message: 'something else changes service `web` each time' })).toBe(
      'Berth has tried.',
    );
  });

  it('is put back by a person, where Berth leaves it to one', async () => {
    if (!drifted) throw new Error('no stack of the fixtures has drifted');
    const asked: unknown[] = [];
    server.use(
      http.post('*/api/v1/stacks/shop-staging/rollback', async ({ request }) => {
        asked.push(await request.json());
        return HttpResponse.json({ number: 8 }, { status: 201 });
      }),
    );
    const latest = { number: 7, phase: 'succeeded' } as const;
    const router = show({ ...drifted, latest_deployment: latest });
    fireEvent.click(await screen.findByRole('button', { name: 'Deploy #7 again' }));
    await waitFor(() =>
      expect(router.state.location.pathname).toBe('/stacks/shop-staging/deployments/8'),
    );
    expect(asked).toEqual([{ number: 7 }]);
  });

  it('is left to a person where drift is only shown or Berth gave up, and nothing is under way', () => {
    const latest_deployment = { number: 7, phase: 'succeeded' } as const;
    const left = (part: Parameters<typeof stack>[1]) =>
      needsPerson(stack('docs', { latest_deployment, ...part }));
    const settings = { ...stack('docs').settings, drift: 'show' } as const;
    expect(left({})).toBe(false);
    expect(left({ settings })).toBe(true);
    expect(left({ message: 'something else changes service `web` each time' })).toBe(true);
    expect(left({ settings, deploying: true })).toBe(false);
    expect(left({ settings, paused: { by: 'Ada', at: '2026-01-01T00:00:00Z' } })).toBe(false);
    expect(left({ settings, latest_deployment: { number: 7, phase: 'failed' } })).toBe(false);
  });

  it('belongs to objects', () => {
    expect(byObject(drifted?.differences ?? []).map(({ name, all }) => [name, all.length])).toEqual(
      [
        ['web', 3],
        ['shop-staging_back', 1],
      ],
    );
    expect(byObject([])).toEqual([]);
  });
});
