import type {
  Deployment,
  DeploymentPhase,
  Github,
  Phase,
  PhaseState,
  Repository,
  Rule,
  Service,
  Session,
  Stack,
  Status,
} from '../api/schema.gen';
import { answers, differences, SCALED_DOWN, settings } from './state-fixtures.ts';

/** Data for tests and for the mock server: one small harbour with something of everything. */

const now = Date.now();
const MINUTE = 60_000;
export const before = (minutes: number): string => new Date(now - minutes * MINUTE).toISOString();

export const session: Session = {
  user: {
    id: '0191f6a0-0000-7000-8000-000000000001',
    email: 'mira@example.com',
    name: 'Mira',
    role: 'admin',
  },
};

export const status: Status = {
  version: '0.1.0',
  instance_id: '0191f6a0-0000-7000-8000-00000000b001',
  leader: {
    holder: '0191f6a0-0000-7000-8000-00000000c001',
    is_me: true,
    expires_at: before(-1),
  },
  postgres: { ok: true, detail: '' },
  docker: { ok: true, detail: '', version: '28.3.2', nodes: 3 },
  held_orphans: 0,
  lost_nodes: [],
  silent_executors: [],
  ready: true,
};

export const repositories: Repository[] = [
  repository(41, 'acme', 'shop'),
  repository(42, 'acme', 'docs'),
  repository(43, 'acme', 'billing'),
];

function repository(id: number, owner: string, name: string): Repository {
  return { id, owner, name, full_name: `${owner}/${name}`, default_branch: 'main', private: true };
}

export const github: Github = {
  app: {
    app_id: 1042,
    slug: 'berth-harbour',
    name: 'Berth Harbour',
    owner_login: 'acme',
    html_url: 'https://github.com/apps/berth-harbour',
  },
  installations: [
    {
      id: 7001,
      account_login: 'acme',
      account_kind: 'Organization',
      suspended: false,
      repository_count: 3,
      permissions: [
        ['checks', 'write'],
        ['contents', 'read'],
        ['deployments', 'write'],
        ['issues', 'read'],
        ['metadata', 'read'],
        ['pull_requests', 'write'],
        ['statuses', 'write'],
      ].map(([name = '', wanted = '']) => ({ name, wanted, granted: wanted, enough: true })),
      html_url: 'https://github.com/organizations/acme/settings/installations/7001',
    },
  ],
  github_url: 'https://github.com',
  public_url: 'https://berth.example.com',
  webhook_url: 'https://berth.example.com/webhooks/github',
  last_delivery_at: before(2),
};

export function rule(part: Partial<Rule> = {}): Rule {
  return {
    id: '0191f6a0-0000-7000-8000-00000000d001',
    repository_id: 41,
    repository: 'acme/shop',
    position: 0,
    name: 'production',
    event: 'push',
    refs: ['main'],
    paths: [],
    environment: 'production',
    compose_file: 'compose.yaml',
    host: '{{app}}.example.com',
    on_registry_failure: 'fail',
    priority: 'normal',
    at_once: null,
    policy: 'trusted',
    enabled: true,
    version: 3,
    updated_at: before(400),
    ...part,
  };
}

export const rules: Rule[] = [
  rule(),
  rule({
    id: '0191f6a0-0000-7000-8000-00000000d002',
    position: 1,
    name: 'previews',
    event: 'pull_request',
    refs: [],
    paths: ['src/**', 'compose.yaml'],
    environment: 'pr-{{number}}',
    host: 'pr-{{number}}.{{app}}.example.com',
    policy: 'restricted',
  }),
  rule({
    id: '0191f6a0-0000-7000-8000-00000000d003',
    position: 2,
    name: 'releases',
    event: 'tag',
    refs: ['v*', '!v*-rc*'],
    enabled: false,
  }),
  rule({
    id: '0191f6a0-0000-7000-8000-00000000d004',
    repository_id: 42,
    repository: 'acme/docs',
    name: 'docs',
    compose_file: 'deploy/compose.yaml.hbs',
  }),
];

export function service(name: string, part: Partial<Service> = {}): Service {
  return {
    name,
    image: `berth/shop-${name}:9f2c1ab04d7e`,
    mode: 'replicated',
    running: 2,
    wanted: 2,
    health: 'healthy',
    code: '',
    reason: '',
    ports: [],
    urls: [],
    volumes: [],
    depends_on: [],
    state: answers({ health: part.health, why: part.reason, synced: true }),
    ...part,
  };
}

const SHOP_SERVICES = [
  service('web', {
    running: 3,
    wanted: 3,
    urls: ['http://shop.example.com/'],
    depends_on: ['api'],
  }),
  service('api', { urls: ['http://api.shop.example.com/'], depends_on: ['migrate', 'store'] }),
  service('worker', {
    depends_on: ['store'],
    running: 1,
    health: 'progressing',
    code: 'starting',
    reason: '1 of 2 tasks is starting',
  }),
  service('store', {
    running: 1,
    wanted: 1,
    ports: ['5432:5432/tcp'],
    volumes: ['shop_store-data'],
  }),
  service('migrate', {
    mode: 'replicated_job',
    running: 1,
    wanted: 1,
    depends_on: ['store'],
  }),
];
/** The same, once nothing starts any more. */
const WELL = SHOP_SERVICES.map((it) =>
  it.name === 'worker' ? service('worker', { depends_on: it.depends_on }) : it,
);

export function stack(name: string, part: Partial<Stack> = {}): Stack {
  const services =
    part.services ?? ((part.health ?? 'healthy') === 'healthy' ? WELL : SHOP_SERVICES);
  return {
    name,
    repository: 'acme/shop',
    repository_id: 41,
    environment: 'production',
    kind: 'permanent',
    pull_request: null,
    health: 'healthy',
    synced: true,
    deploying: false,
    paused: null,
    wanted: 'present',
    urls: [`http://${name}.example.com/`],
    commit: {
      sha: '9f2c1ab04d7e5b1c9a8e7f6d5c4b3a2918273645',
      message: 'Cut checkout latency by batching price look-ups',
      author: 'mira',
    },
    services_running: services.filter((s) => s.running === s.wanted).length,
    services_wanted: services.length,
    updated_at: before(2),
    attention: null,
    policy: part.kind === 'preview' ? 'restricted' : 'trusted',
    latest_deployment: { number: 143, phase: 'succeeded' },
    settings: {
      on_failure: 'rollback',
      protected: false,
      freezes: [],
      drift: 'heal',
      volumes: { policy: 'keep', days: null },
    },
    services,
    plan: [],
    differences: [],
    state: answers({
      health: part.health,
      synced: part.synced ?? true,
      why: part.health
        ? (part.attention ?? 'service `worker`: 1 of 2 tasks is starting')
        : `all ${services.length} services are well`,
      differs: part.differences?.[0] && `${part.differences[0].sentence}, and more`,
    }),
    routes: [`${name}.example.com/`],
    message: '',
    observed_at: before(1),
    ...part,
  };
}

export const commit = (sha: string, message: string, author = 'jonas') => ({
  sha: sha.padEnd(40, '0'),
  message,
  author,
});

export const stacks: Stack[] = [
  stack('billing', {
    repository: 'acme/billing',
    repository_id: 43,
    commit: commit('1c2d3e4', 'Invoice PDF: embed fonts'),
    updated_at: before(24 * 60),
    services: [service('web', { urls: ['http://billing.example.com/'] }), service('pdf')],
  }),
  stack('docs', {
    repository: 'acme/docs',
    repository_id: 42,
    commit: commit('aa91b02', 'Fix typo in install guide'),
    updated_at: before(48 * 60),
    services: [service('web', { running: 1, wanted: 1, urls: ['http://docs.example.com/'] })],
  }),
  stack('shop', {
    deploying: true,
    health: 'progressing',
    urls: ['http://shop.example.com/', 'http://api.shop.example.com/'],
    latest_deployment: { number: 143, phase: 'applied' },
  }),
  stack('shop-beta', {
    environment: 'beta',
    deploying: true,
    urls: ['http://beta.shop.example.com/'],
    commit: commit('0b77e1c', 'Bump postgres to 17', 'mira'),
    latest_deployment: { number: 58, phase: 'rendered' },
    settings,
    updated_at: before(51),
  }),
  stack('shop-pr-214', {
    kind: 'preview',
    environment: 'pr-214',
    health: 'degraded',
    synced: false,
    plan: [
      '~ service web berth/shop-web:77aa010 x2',
      '~ service worker berth/shop-worker:77aa010 x2',
    ],
    differences: [SCALED_DOWN],
    attention: 'worker: task exited (1) 3 times: connect ECONNREFUSED db:5432',
    pull_request: {
      number: 214,
      title: 'Cart v2: totals in the header',
      author: 'jonas',
      url: 'https://github.com/acme/shop/pull/214',
    },
    commit: commit('77aa010', 'Cart v2: totals in the header'),
    urls: ['http://pr-214.shop.example.com/'],
    updated_at: before(11),
    services: [
      service('web', { urls: ['http://pr-214.shop.example.com/'] }),
      service('api'),
      service('worker', {
        running: 1,
        wanted: 2,
        health: 'degraded',
        code: 'task_failed',
        reason: 'task exited (1) 3 times: connect ECONNREFUSED db:5432',
      }),
    ],
  }),
  stack('shop-pr-219', {
    kind: 'preview',
    environment: 'pr-219',
    pull_request: {
      number: 219,
      title: 'Tax rounding: use banker’s rounding for every line of the invoice, not for the sum',
      author: 'ada',
      url: 'https://github.com/acme/shop/pull/219',
    },
    commit: commit('e0f1132', 'Tax rounding'),
    urls: ['http://pr-219.shop.example.com/'],
    updated_at: before(130),
  }),
  stack('shop-staging', {
    environment: 'staging',
    synced: false,
    differences: differences('shop-staging'),
    plan: ['~ service web berth/shop-web:c41d9e0 x3', '+ network shop-staging_back'],
    services: WELL.map((it) =>
      it.name === 'web'
        ? { ...it, running: 5, wanted: 5, state: answers({ synced: false, differs: '3 differ' }) }
        : it,
    ),
    settings: {
      on_failure: 'rollback',
      protected: false,
      freezes: [],
      drift: 'show',
      volumes: { policy: 'with_stack', days: null },
    },
    commit: commit('c41d9e0', 'Merge branch cart-v2'),
    updated_at: before(51),
  }),
  stack('status-page', {
    repository: 'acme/status',
    repository_id: 44,
    health: 'unknown',
    commit: null,
    attention: 'Deployment #3 failed: Dockerfile:7: unknown instruction: RUNN',
    latest_deployment: { number: 3, phase: 'failed' },
    services: [],
    urls: [],
    updated_at: before(8),
  }),
];

export const PHASES: readonly Phase[] = [
  'received',
  'fetched',
  'built',
  'rendered',
  'applied',
  'converged',
  'routed',
  'succeeded',
];

/** Eight phases of which `done` are over, and the next one is in `state`. */
export function phases(done: number, state: PhaseState, start: number): DeploymentPhase[] {
  const took = [0.1, 0.8, 14.2, 0.2, 1.1, 7.4, 0.6, 0.1];
  let at = start;
  return PHASES.map((phase, index) => {
    const began = at;
    const mine: PhaseState = index < done ? 'done' : index === done ? state : 'pending';
    at += (took[index] ?? 1) * 1000;
    return {
      phase,
      state: mine,
      started_at: mine === 'pending' ? null : new Date(began).toISOString(),
      ended_at: mine === 'pending' || mine === 'running' ? null : new Date(at).toISOString(),
      message: phase === 'built' && index < done ? '4 images, 3 from the cache' : '',
    };
  });
}

export function deployment(part: Partial<Deployment> & { number: number }): Deployment {
  const created = part.created_at ?? before(3);
  return {
    id: `0191f6a0-0000-7000-8000-${String(part.number).padStart(12, '0')}`,
    stack: 'shop',
    trigger: 'push',
    why: 'The rule “production” matched a push to main.',
    rule_name: 'production',
    delivery_id: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    commit: stack('shop').commit ?? commit('0', ''),
    git_ref: 'refs/heads/main',
    phase: 'succeeded',
    reason: null,
    waiting: null,
    needs_approval: false,
    approved: null,
    rejected: null,
    frozen: null,
    freeze_override: null,
    phases: phases(8, 'done', Date.parse(created)),
    created_at: created,
    finished_at: new Date(Date.parse(created) + 24_500).toISOString(),
    duration_ms: 24_500,
    urls: ['http://shop.example.com/', 'http://api.shop.example.com/'],
    images: SHOP_SERVICES.map((s) => s.image),
    can_roll_back: (part.phase ?? 'succeeded') === 'succeeded',
    ...part,
  };
}

export const deployments: Deployment[] = [
  deployment({
    number: 143,
    phase: 'applied',
    created_at: new Date(now - 17_000).toISOString(),
    phases: phases(5, 'running', now - 17_000),
    finished_at: null,
    duration_ms: 17_000,
  }),
  deployment({
    number: 142,
    commit: commit('51ee0d2', 'Worker: retry policy'),
    phase: 'failed',
    created_at: before(125),
    phases: phases(5, 'failed', Date.parse(before(125))),
    reason: {
      code: 'task_failed',
      text: 'worker: task exited (1) 3 times in 40 s: "connect ECONNREFUSED db:5432"',
      place: null,
    },
  }),
  deployment({
    number: 141,
    commit: commit('0b77e1c', 'Bump postgres to 17', 'mira'),
    trigger: 'manual',
    why: 'Mira asked for it.',
    rule_name: null,
    delivery_id: null,
    created_at: before(60 * 26),
  }),
  deployment({
    number: 140,
    commit: commit('0b77e1c', 'Bump postgres to 17', 'mira'),
    phase: 'failed',
    created_at: before(60 * 27),
    phases: phases(3, 'failed', Date.parse(before(60 * 27))),
    reason: {
      code: 'compose_invalid',
      text: '`services.web.ports[0]`: “80:eighty” is not a port',
      place: { file: 'compose.yaml', line: 14, column: 9 },
    },
  }),
  deployment({
    number: 139,
    commit: commit('d00d1e5', 'Worker: log less'),
    phase: 'superseded',
    created_at: before(60 * 28),
    phases: phases(2, 'stopped', Date.parse(before(60 * 28))),
    reason: { code: 'superseded', text: 'Deployment #140 took over.', place: null },
  }),
];
