import { http, HttpResponse } from 'msw';

import type {
  AvailabilityChange,
  Deployment,
  NodeIntent,
  Rule,
  RuleDraft,
  StackSettings,
  Verdict,
} from '../api/schema.gen';
import { cluster, nodeDetail } from './cluster-fixtures.ts';
import { waiting } from './control-fixtures.ts';
import { deliveries } from './delivery-fixtures.ts';
import { dryRunHandlers } from './dry-run-fixtures.ts';
import { eventsFor } from './event-fixtures.ts';
import {
  before,
  deployment,
  deployments,
  github,
  phases,
  PHASES,
  repositories,
  rule,
  rules,
  session,
  stacks,
  status,
} from './fixtures.ts';
import { large } from './large-fixtures.ts';
import { log, logLine } from './log-fixtures.ts';
import { logHandlers } from './log-handlers.ts';
import { memberHandlers } from './member-handlers.ts';
import { ruleMatches, ruleReplay } from './rule-fixtures.ts';
import { instance } from './settings-fixtures.ts';
import { stackChoices, stacksFor } from './stack-list.ts';
import { story } from './story-fixtures.ts';

/**
 * An API in memory, for unit tests and for working on the UI without a server. It is no model of
 * the server: it answers so that every screen has something of everything.
 */

const api = (path: string) => `*/api/v1${path}`;
const page = (items: readonly object[]) => HttpResponse.json({ items, next_cursor: null });
const problem = (code: number, title: string, errors: { pointer: string; detail: string }[] = []) =>
  HttpResponse.json(
    { type: 'about:blank', title, status: code, detail: '', request_id: 'req-7f3a', errors },
    { status: code, headers: { 'content-type': 'application/problem+json' } },
  );
const missing = () => problem(404, 'There is no such thing.');

const state = {
  signedIn: process.env.MOCK_SIGNED_OUT === undefined,
  empty: process.env.MOCK_EMPTY !== undefined,
  rules: [...rules],
  deployments: [...deployments],
  waiting,
  orphans: process.env.MOCK_HELD === undefined ? [] : ['blog', 'books', 'wiki-staging'],
  settings: new Map(stacks.map(({ name, settings }) => [name, { value: settings, version: 4 }])),
  tokens: [{ id: 'a1', name: 'ci', created_at: before(900), used_at: before(5) as string | null }],
  registries: [
    { host: 'ghcr.io', username: 'acme-robot', created_at: before(900), updated_at: before(90) },
  ],
  nodes: cluster.nodes,
  intents: new Map<string, NodeIntent>(),
  log: [...log],
  sessions: [
    { id: 's1', user_agent: 'Chrome/156.0 (X11; Linux)', current: true, created: 4000, seen: 0 },
    { id: 's2', user_agent: 'iPhone Safari/604.1', current: false, created: 900, seen: 200 },
    { id: 's3', user_agent: 'Firefox/150.0 (Windows)', current: false, created: 9000, seen: 4400 },
  ].map(({ created, seen, ...it }) => ({
    ...it,
    created_at: before(created),
    seen_at: before(seen),
  })),
};

const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
let cursor = 0;
function tell(topic: string, id: string): void {
  cursor += 1;
  const text = `id: ${cursor}\nevent: change\ndata: ${JSON.stringify({ topic, id, stack: null })}\n\n`;
  for (const stream of streams) {
    try {
      stream.enqueue(new TextEncoder().encode(text));
    } catch {
      streams.delete(stream);
    }
  }
}

/** Lets the newest deployment of the mock move on, so that live parts have something to show. */
export function advance(): void {
  const running = state.deployments.find(({ finished_at }) => !finished_at);
  if (!running) return;
  const done = running.phases.filter((phase) => phase.state === 'done').length + 1;
  const over = done >= PHASES.length;
  const next: Deployment = {
    ...running,
    phase: PHASES[done - 1] ?? 'received',
    phases: phases(done, over ? 'done' : 'running', Date.parse(running.created_at)),
    finished_at: over ? new Date().toISOString() : null,
  };
  state.deployments = state.deployments.map((it) => (it.id === next.id ? next : it));
  tell('deployment', next.id);
  const last = state.log.at(-1)?.id ?? 0;
  for (let id = last + 1; id <= last + 15; id++) {
    state.log.push(logLine(id, { at: new Date().toISOString() }));
  }
  tell('build_log', next.id);
}

/** A deployment that begins where its release is there already. */
const fromRelease = (): Partial<Deployment> => ({
  phase: 'rendered',
  phases: phases(4, 'running', Date.now()),
});

/** Begins a deployment, which is as `part` says. */
function begun(part: Partial<Deployment>): Response {
  const made = deployment({
    number: (state.deployments[0]?.number ?? 0) + 1,
    delivery_id: null,
    created_at: new Date().toISOString(),
    finished_at: null,
    ...part,
  });
  state.deployments = [made, ...state.deployments];
  tell('deployment', made.id);
  return HttpResponse.json(made, { status: 201 });
}

/** Decides of the deployment that waits, if there is a reason. */
function decide(body: unknown, part: (verdict: Verdict) => Partial<Deployment>): Response {
  const { reason } = body as { reason: string };
  if (!reason) {
    const detail = 'Say why, for whoever wonders.';
    return problem(422, detail, [{ pointer: '/reason', detail }]);
  }
  const verdict = { by: session.user.name, at: new Date().toISOString(), reason };
  state.waiting = { ...state.waiting, ...part(verdict) };
  tell('deployment', state.waiting.id);
  return HttpResponse.json(state.waiting, { status: 202 });
}

export const handlers = [
  ...memberHandlers,
  ...dryRunHandlers(tell),
  ...logHandlers,
  http.get(api('/session'), () =>
    state.signedIn ? HttpResponse.json(session) : problem(401, 'Log in first.'),
  ),
  http.post(api('/session'), async ({ request }) => {
    const { password } = (await request.json()) as { password: string };
    if (password === 'wrong') return problem(401, 'The e-mail address or the password is wrong.');
    state.signedIn = true;
    return HttpResponse.json(session);
  }),
  http.post(api('/setup'), () => {
    state.signedIn = true;
    return HttpResponse.json(session, { status: 201 });
  }),
  http.delete(api('/session'), () => {
    state.signedIn = false;
    return new HttpResponse(null, { status: 204 });
  }),
  http.get(api('/status'), () =>
    HttpResponse.json({
      ...status,
      held_orphans: state.orphans.length,
      ...(process.env.MOCK_DOCKER_GONE !== undefined && {
        docker: { ...status.docker, ok: false, detail: 'connection refused' },
        ready: false,
      }),
    }),
  ),
  http.get(api('/prune'), () =>
    HttpResponse.json({
      orphans: state.orphans.map((stack) => ({
        stack,
        since: before(30),
        due: before(20),
        actions: ['- service web'],
      })),
      nodes: [],
      held: state.orphans.length > 0,
      approved: null,
    }),
  ),
  http.post(api('/prune/approve'), () => {
    state.orphans = [];
    tell('prune', 'true');
    return new HttpResponse(null, { status: 204 });
  }),
  http.get(api('/cluster'), () => HttpResponse.json({ ...cluster, nodes: state.nodes })),
  http.get(api('/cluster/nodes/:id'), ({ params }) => {
    const found = state.nodes.find(({ id }) => id === params.id);
    const intent = state.intents.get(String(params.id)) ?? null;
    return found ? HttpResponse.json(nodeDetail(found, { intent })) : missing();
  }),
  http.put(api('/cluster/nodes/:id/availability'), async ({ params, request }) => {
    const { availability } = (await request.json()) as AvailabilityChange;
    const found = state.nodes.find(({ id }) => id === params.id);
    if (!found) return missing();
    const at = new Date().toISOString();
    const intent = { availability, by: session.user.name, at, done_at: at, failure: null };
    state.intents.set(found.id, intent);
    const next = { ...found, availability };
    state.nodes = state.nodes.map((it) => (it.id === next.id ? next : it));
    tell('node', next.id);
    return HttpResponse.json(nodeDetail(next, { intent }), { status: 202 });
  }),
  http.get(api('/github'), () =>
    HttpResponse.json(
      state.empty ? { ...github, app: null, installations: [], last_delivery_at: null } : github,
    ),
  ),
  http.post(api('/github/manifest'), () =>
    HttpResponse.json({ action: 'https://github.com/settings/apps/new?state=s', manifest: '{}' }),
  ),
  http.post(api('/github/install'), () =>
    HttpResponse.json({ url: 'https://github.com/apps/berth-harbour/installations/new' }),
  ),
  http.post(api('/github/app'), () => problem(409, 'This code was used already.')),
  http.post(api('/github/installations'), () =>
    HttpResponse.json(github.installations[0], { status: 201 }),
  ),
  http.get(api('/repositories'), ({ request }) => {
    const q = new URL(request.url).searchParams.get('q')?.toLowerCase() ?? '';
    return page(state.empty ? [] : repositories.filter(({ full_name }) => full_name.includes(q)));
  }),
  http.get(api('/rules'), () => page(state.empty ? [] : state.rules)),
  http.post(api('/rules'), async ({ request }) => {
    const draft = (await request.json()) as Partial<Rule>;
    const errors = [];
    if (!draft.name) errors.push({ pointer: '/name', detail: 'A rule needs a name.' });
    if (draft.refs?.some((ref) => ref.includes('['))) {
      errors.push({ pointer: '/refs/0', detail: 'The pattern has a “[” that nothing closes.' });
    }
    if (!draft.host) errors.push({ pointer: '/host', detail: 'A rule needs a host.' });
    if (errors.length > 0) return problem(422, 'Some fields are not right', errors);
    const made = rule({ ...draft, id: `new-${state.rules.length}`, version: 1 });
    state.rules.push(made);
    tell('rule', made.id);
    return HttpResponse.json(made, { status: 201, headers: { etag: '"1"' } });
  }),
  http.post(api('/rules/matches'), async ({ request }) =>
    HttpResponse.json({ items: ruleMatches((await request.json()) as RuleDraft) }),
  ),
  http.post(api('/rules/replay'), async ({ request }) =>
    page(ruleReplay((await request.json()) as RuleDraft)),
  ),
  http.get(api('/settings'), () => HttpResponse.json(instance)),
  http.get(api('/rules/:id'), ({ params }) => {
    const found = state.rules.find(({ id }) => id === params.id);
    return found
      ? HttpResponse.json(found, { headers: { etag: `"${found.version}"` } })
      : missing();
  }),
  http.put(api('/rules/:id'), async ({ params, request }) => {
    const found = state.rules.find(({ id }) => id === params.id);
    if (!found) return missing();
    if (request.headers.get('if-match') !== `"${found.version}"`) {
      return problem(412, 'The rule was changed in the meantime.');
    }
    const next = rule({
      ...found,
      ...((await request.json()) as Partial<Rule>),
      version: found.version + 1,
    });
    state.rules = state.rules.map((it) => (it.id === next.id ? next : it));
    tell('rule', next.id);
    return HttpResponse.json(next, { headers: { etag: `"${next.version}"` } });
  }),
  http.delete(api('/rules/:id'), ({ params }) => {
    state.rules = state.rules.filter(({ id }) => id !== params.id);
    tell('rule', String(params.id));
    return new HttpResponse(null, { status: 204 });
  }),
  http.get(api('/stacks'), ({ request }) =>
    page(state.empty ? [] : stacksFor(new URL(request.url).searchParams)),
  ),
  http.get(api('/stack-choices'), () => HttpResponse.json(stackChoices)),
  http.get(api('/stacks/:name'), ({ params }) => {
    const found = [...stacks, large].find(({ name }) => name === params.name);
    return found ? HttpResponse.json(found) : missing();
  }),
  http.delete(api('/stacks/:name'), () => new HttpResponse(null, { status: 202 })),
  http.get(api('/stacks/:name/deployments'), ({ params }) =>
    page(
      params.name === 'status-page'
        ? [
            deployment({
              ...deployments[3],
              number: 3,
              stack: 'status-page',
              phases: phases(2, 'failed', Date.parse(before(8))),
              created_at: before(8),
            }),
          ]
        : params.name === state.waiting.stack
          ? [state.waiting]
          : state.deployments.map((it) => ({ ...it, stack: String(params.name) })),
    ),
  ),
  http.post(api('/stacks/:name/deployments'), () =>
    begun({
      trigger: 'manual',
      why: 'Mira asked for it.',
      phase: 'received',
      phases: phases(1, 'running', Date.now()),
    }),
  ),
  http.post(api('/stacks/:name/rollback'), async ({ request }) => {
    const { number } = (await request.json()) as { number: number };
    const target = state.deployments.find((it) => it.number === number);
    return target
      ? begun({
          ...fromRelease(),
          trigger: 'rollback',
          commit: target.commit,
          why: `rollback to #${number} by Mira`,
        })
      : missing();
  }),
  http.post(api('/stacks/:name/restart'), async ({ request }) => {
    const { services = [] } = (await request.json()) as { services?: string[] };
    const what = services.length > 0 ? services.join(', ') : 'all services';
    return begun({ ...fromRelease(), trigger: 'restart', why: `restart of ${what} by Mira` });
  }),
  http.get(api('/stacks/:name/settings'), ({ params }) => {
    const found = state.settings.get(String(params.name));
    return found
      ? HttpResponse.json(found.value, { headers: { etag: `"${found.version}"` } })
      : missing();
  }),
  http.put(api('/stacks/:name/settings'), async ({ params, request }) => {
    const name = String(params.name);
    const { version } = state.settings.get(name) ?? { version: 0 };
    if (request.headers.get('if-match') !== `"${version}"`) {
      return problem(412, 'The environment was changed in the meantime.');
    }
    const value = (await request.json()) as StackSettings;
    const errors = value.freezes.flatMap(({ from, until, reason }, place) => [
      ...(from < until
        ? []
        : [{ pointer: `/freezes/${place}/until`, detail: 'It must end after it begins.' }]),
      ...(reason
        ? []
        : [{ pointer: `/freezes/${place}/reason`, detail: 'Say why, for whoever wonders.' }]),
    ]);
    if (errors.length > 0) return problem(422, 'Some fields are not right', errors);
    state.settings.set(name, { value, version: version + 1 });
    tell('environment', name);
    return HttpResponse.json(value, { headers: { etag: `"${version + 1}"` } });
  }),
  http.get(api('/stacks/:name/deployments/:number'), ({ params }) => {
    const found = [...state.deployments, state.waiting].find(
      ({ number }) => String(number) === params.number,
    );
    return found ? HttpResponse.json(story(found)) : missing();
  }),
  http.post(api('/deployments/:id/approve'), () => {
    const approved = { by: session.user.name, at: new Date().toISOString() };
    state.waiting = { ...state.waiting, approved, needs_approval: false };
    tell('deployment', state.waiting.id);
    return HttpResponse.json(state.waiting, { status: 202 });
  }),
  http.post(api('/deployments/:id/reject'), async ({ request }) =>
    decide(await request.json(), (rejected) => ({ rejected, needs_approval: false })),
  ),
  http.post(api('/deployments/:id/override-freeze'), async ({ request }) =>
    decide(await request.json(), (verdict) => ({ freeze_override: verdict, frozen: null })),
  ),
  http.post(api('/deployments/:id/cancel'), () => problem(409, 'It is over already.')),
  http.get(api('/deployments/:id/log'), ({ request }) => {
    const after = Number(new URL(request.url).searchParams.get('after') ?? 0);
    return page(state.log.filter(({ id }) => id > after).slice(0, 2000));
  }),
  http.get(api('/events'), ({ request }) =>
    state.empty ? page([]) : HttpResponse.json(eventsFor(new URL(request.url).searchParams)),
  ),
  http.get(api('/deliveries/:id'), ({ params }) => {
    const found = deliveries.find(({ id }) => id === params.id);
    return found ? HttpResponse.json(found) : missing();
  }),
  http.get(api('/deliveries'), () => page(state.empty ? [] : deliveries)),
  http.post(api('/deliveries/:id/replay'), () => HttpResponse.json(deliveries[0], { status: 202 })),
  http.get(api('/sessions'), () => page(state.sessions)),
  http.delete(api('/sessions'), () => {
    state.sessions = state.sessions.filter(({ current }) => current);
    return new HttpResponse(null, { status: 204 });
  }),
  http.delete(api('/sessions/:id'), ({ params }) => {
    state.sessions = state.sessions.filter(({ id }) => id !== params.id);
    return new HttpResponse(null, { status: 204 });
  }),
  http.get(api('/tokens'), () => page(state.tokens)),
  http.post(api('/tokens'), async ({ request }) => {
    const { name } = (await request.json()) as { name: string };
    const made = { id: `t${state.tokens.length}`, name };
    state.tokens.push({ ...made, created_at: new Date().toISOString(), used_at: null });
    return HttpResponse.json(
      { ...made, token: 'berth_7Qk2vXr9TzLw4NpHs8BdYc3MfGj6Ea1U' },
      { status: 201 },
    );
  }),
  http.delete(api('/tokens/:id'), ({ params }) => {
    state.tokens = state.tokens.filter(({ id }) => id !== params.id);
    return new HttpResponse(null, { status: 204 });
  }),
  http.get(api('/registries'), () => page(state.registries)),
  http.put(api('/registries/:host'), async ({ params, request }) => {
    const { username } = (await request.json()) as { username: string };
    const now = new Date().toISOString();
    const host = String(params.host);
    const stored = { host, username, created_at: now, updated_at: now };
    state.registries = [...state.registries.filter((it) => it.host !== host), stored];
    return HttpResponse.json(stored);
  }),
  http.delete(api('/registries/:host'), ({ params }) => {
    state.registries = state.registries.filter(({ host }) => host !== params.host);
    return new HttpResponse(null, { status: 204 });
  }),
  http.post(api('/registries/:host/test'), ({ params }) =>
    HttpResponse.json({
      outcome: 'accepted',
      detail: `The registry ${String(params.host)} takes this login.`,
    }),
  ),
  http.get(api('/stream'), () => {
    let mine: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        mine = controller;
        streams.add(controller);
        controller.enqueue(new TextEncoder().encode(': here\n\n'));
      },
      cancel() {
        streams.delete(mine);
      },
    });
    return new HttpResponse(body, { headers: { 'content-type': 'text/event-stream' } });
  }),
];
