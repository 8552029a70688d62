import { QueryClient } from '@tanstack/react-query';
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Role, Rule, RuleDraft } from '~/api/schema.gen';
import { rule, rules } from '~/test/fixtures';
import { handlers } from '~/test/handlers';
import { Nearness } from '~/test/near';
import { ruleMatches } from '~/test/rule-fixtures';
import { showPage, signedIn } from '~/test/show';
import { Toasts } from '~/ui/toast';

import { RulesPage } from './rules-page';

const server = setupServer();
beforeAll(() => server.listen());
afterEach(() => {
  server.resetHandlers();
  vi.unstubAllGlobals();
});
afterAll(() => server.close());

const problem = (status: number, detail: string) =>
  HttpResponse.json(
    { title: 'No', status, detail, errors: [] },
    { status, headers: { 'content-type': 'application/problem+json' } },
  );

let kept: Rule[];
/** What was asked of what the rules match, and what was saved, in order. */
const asked: RuleDraft[] = [];
const saved: [enabled: boolean | undefined, etag: string | null][] = [];

beforeEach(() => {
  nearness = new Nearness();
  kept = [...rules];
  asked.length = 0;
  saved.length = 0;
  server.use(
    http.get('*/api/v1/rules', () => HttpResponse.json({ items: kept, next_cursor: null })),
    http.post('*/api/v1/rules/matches', async ({ request }) => {
      const draft = (await request.json()) as RuleDraft;
      asked.push(draft);
      return HttpResponse.json({ items: ruleMatches(draft) });
    }),
    http.put('*/api/v1/rules/:id', async ({ params, request }) => {
      const { enabled } = (await request.json()) as RuleDraft;
      saved.push([enabled, request.headers.get('if-match')]);
      const before = kept.find(({ id }) => id === params.id)!;
      const next = { ...before, enabled: enabled ?? true, version: before.version + 1 };
      kept = kept.map((it) => (it.id === next.id ? next : it));
      return HttpResponse.json(next, { headers: { etag: `"${next.version}"` } });
    }),
    ...handlers,
  );
});

let nearness: Nearness;

/** The list, with all of it in sight if `look`. */
async function open(role: Role = 'admin', look = true): Promise<QueryClient> {
  const client = signedIn(role);
  showPage(
    <>
      <RulesPage />
      <Toasts />
    </>,
    { client },
  );
  await screen.findByRole('table', { name: 'Rules of acme/shop' });
  if (look) act(() => nearness.observed.forEach((it) => nearness.tell(it, true)));
  return client;
}

const row = (name: string) =>
  within(screen.getByRole('link', { name }).closest('tr') as HTMLElement);
const onOff = (name: string) => screen.getByRole('switch', { name: `The rule ${name}` });
const isOn = (name: string) => onOff(name).getAttribute('aria-checked') === 'true';

describe('what a rule matches now', () => {
  test('stands in its row, by kind, and of a rule that is off as what it would', async () => {
    server.use(
      http.get('*/api/v1/rules', () =>
        HttpResponse.json({
          items: [
            rule({ id: 'a', name: 'all', refs: [] }),
            rule({ id: 'b', name: 'off', refs: [], enabled: false }),
            rule({ id: 'c', name: 'none', refs: ['nowhere'] }),
            rule({ id: 'd', name: 'pulls', event: 'pull_request', refs: [] }),
          ],
          next_cursor: null,
        }),
      ),
    );
    await open();
    const table = screen.getByRole('table', { name: 'Rules of acme/shop' });
    expect(within(table).getByRole('columnheader', { name: 'Matches now' })).toBeVisible();
    expect((await row('all').findAllByText('3 branches'))[0]).toBeVisible();
    expect((await row('off').findAllByText('3 branches, if on'))[0]).toBeVisible();
    expect((await row('none').findAllByText('nothing'))[0]).toBeVisible();
    expect((await row('pulls').findAllByText('2 pull requests'))[0]).toBeVisible();
    // Whether it is on decides nothing here: both are one question.
    expect(asked).toHaveLength(3);
  });

  test('has GitHub asked once for a repository: the others wait for the first rule', async () => {
    let answer: (() => void) | undefined;
    const first = new Promise<void>((resolve) => (answer = resolve));
    const begun: number[] = [];
    server.use(
      http.post('*/api/v1/rules/matches', async ({ request }) => {
        const draft = (await request.json()) as RuleDraft;
        begun.push(draft.repository_id);
        await first;
        return HttpResponse.json({ items: ruleMatches(draft) });
      }),
    );
    await open();
    // One of each of the two repositories.
    await waitFor(() => expect(begun.toSorted((a, b) => a - b)).toEqual([41, 42]));
    answer?.();
    await waitFor(() => expect(begun.toSorted((a, b) => a - b)).toEqual([41, 41, 41, 42]));
  });

  test('is not asked of what is far from sight', async () => {
    await open('admin', false);
    const docs = screen.getByRole('table', { name: 'Rules of acme/docs' });
    act(() => {
      const box = nearness.observed.find((it) => it.contains(docs));
      nearness.tell(box, true);
    });
    expect((await row('docs').findAllByText('1 branch'))[0]).toBeVisible();
    expect(asked.map((it) => it.repository_id)).toEqual([42]);
  });

  test('is not known where GitHub does not answer: that is said once, with another try', async () => {
    let works = false;
    server.use(
      http.post('*/api/v1/rules/matches', async ({ request }) => {
        const draft = (await request.json()) as RuleDraft;
        asked.push(draft);
        return works
          ? HttpResponse.json({ items: ruleMatches(draft) })
          : problem(503, 'GitHub does not answer.');
      }),
    );
    await open();
    const told = () => screen.getAllByText(/matches now is not known: GitHub does not answer/);
    await waitFor(() => expect(told()).toHaveLength(2));
    expect(asked).toHaveLength(2);
    expect(screen.queryByText('nothing')).toBeNull();
    works = true;
    fireEvent.click(within(told()[0]!).getByRole('button', { name: 'Retry' }));
    expect((await row('production').findAllByText('1 branch'))[0]).toBeVisible();
    expect((await row('previews').findAllByText('2 pull requests'))[0]).toBeVisible();
  });

  test('of a rule that can’t be read says so, and the others are told all the same', async () => {
    server.use(
      http.post('*/api/v1/rules/matches', async ({ request }) => {
        const draft = (await request.json()) as RuleDraft;
        return draft.event === 'push' && draft.repository_id === 41
          ? problem(422, 'A `{{` is not closed.')
          : HttpResponse.json({ items: ruleMatches(draft) });
      }),
    );
    await open();
    expect((await row('production').findAllByText('cannot be read'))[0]).toBeVisible();
    expect((await row('previews').findAllByText('2 pull requests'))[0]).toBeVisible();
    expect(screen.queryByText(/is not known/)).toBeNull();
  });

  test('is neither asked nor shown to who may not write rules', async () => {
    await open('operator');
    expect(screen.queryByRole('columnheader', { name: 'Matches now' })).toBeNull();
    expect(screen.queryByRole('switch')).toBeNull();
    expect(row('releases').getByText('Off')).toBeVisible();
    expect(asked).toEqual([]);
  });
});

describe('a rule', () => {
  test('is switched off at once, and on again by Undo, each with the version it has then', async () => {
    let answer: (() => void) | undefined;
    const before = new Promise<void>((resolve) => (answer = resolve));
    let held = true;
    await open();
    server.use(
      http.put('*/api/v1/rules/:id', async () => {
        if (held) await before;
        held = false;
      }),
    );
    fireEvent.click(onOff('production'));
    // Berth has not answered yet.
    await waitFor(() => expect(isOn('production')).toBe(false));
    expect(saved).toEqual([]);
    // Nor does another press cross the first.
    fireEvent.click(onOff('production'));
    expect(isOn('production')).toBe(false);

    answer?.();
    expect(await screen.findByText('production is off')).toBeVisible();
    expect(saved).toEqual([[false, '"3"']]);
    fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(isOn('production')).toBe(true));
    await waitFor(() =>
      expect(saved).toEqual([
        [false, '"3"'],
        [true, '"4"'],
      ]),
    );
    expect(await screen.findByText('Undone')).toBeVisible();
  });

  test('keeps all else that it says when it is switched', async () => {
    let body: RuleDraft | undefined;
    await open();
    server.use(
      http.put('*/api/v1/rules/:id', async ({ request }) => {
        body = (await request.clone().json()) as RuleDraft;
      }),
    );
    fireEvent.click(onOff('releases'));
    expect(await screen.findByText('releases is on')).toBeVisible();
    const { event, refs, environment, host, policy } = rules[2]!;
    expect(body).toMatchObject({ event, refs, environment, host, policy, enabled: true });
  });

  test('that can’t be switched is as it was, and says why where it stands', async () => {
    server.use(
      http.put('*/api/v1/rules/:id', () => problem(412, 'Somebody changed the rule meanwhile.')),
    );
    await open();
    // It does not wait for the list to be read again.
    server.use(http.get('*/api/v1/rules', () => new Promise<never>(() => {})));
    fireEvent.click(onOff('docs'));
    const told = await screen.findByRole('alert');
    expect(told).toHaveTextContent('Could not switch docs off');
    expect(told).toHaveTextContent('Somebody changed the rule meanwhile.');
    expect(isOn('docs')).toBe(true);
    expect(screen.queryByText('docs is off')).toBeNull();
  });

  test('that somebody else switches is shown so, once the list is read again', async () => {
    const client = await open();
    kept = kept.map((it) => ({ ...it, enabled: false }));
    await act(() => client.invalidateQueries({ queryKey: ['rules'] }));
    await waitFor(() => expect(isOn('production')).toBe(false));
  });
});
