import { http, HttpResponse } from 'msw';

import type { DryRun, DryRunAnswer } from '../api/schema.gen';

/** What a deployment of a stack would do, and one that would fail. */

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

const WEB_LIVE = `env:
  COMMIT: •••
  CURRENCY: •••
healthcheck:
  interval: 10s
  retries: 3
  test: •••
image: berth/shop-web:9f1c2ab
labels:
  traefik.enable: 'true'
  traefik.http.routers.shop-web.rule: Host(\`shop.example.com\`)
mode:
  kind: replicated
  replicas: 2
networks:
- aliases:
  - web
  network: shop_default
resources:
  limit_memory: 256 MiB
update:
  monitor: 10s
  order: start-first
`;

const WEB_DESIRED = WEB_LIVE.replace('COMMIT: •••', 'COMMIT: ••• (another value)')
  .replace('CURRENCY: •••', 'CURRENCY: •••\n  SALE: •••')
  .replace('shop-web:9f1c2ab', 'shop-web:7d20e41')
  .replace('replicas: 2', 'replicas: 3');

const CACHE = `image: redis:8@sha256:5f1c7a9be09e1c0a53a8a4b3bd1f4e2fa4b46c0a7c1d2f3e4a5b6c7d8e9f0a1b
mode:
  kind: replicated
  replicas: 1
networks:
- aliases:
  - cache
  network: shop_default
`;

export const dryRunAnswer: DryRunAnswer = {
  answered_at: ago(1),
  number: 144,
  commit: {
    sha: '7d20e41b9c3f5a60718293a4b5c6d7e8f9012345',
    message: 'Open the summer sale',
    author: 'mira',
  },
  git_ref: 'refs/heads/main',
  compose_file: 'compose.yaml',
  failure: null,
  holds: [],
  notes: [
    'the image of `web` has yet to be built, as `berth/shop-web:7d20e41`: only then is it known whether it can be',
    'the image of `worker` is there already: `berth/shop-worker:9f1c2ab`',
  ],
  plan: [
    '~ service web berth/shop-web:7d20e41 x3',
    '+ service cache redis:8 x1',
    '- service importer',
  ],
  differences: [
    ['cache', '', 'there', null, 'make the service `cache`'],
    [
      'web',
      'env.COMMIT',
      '•••',
      '•••',
      'give the variable `COMMIT` of service `web` another value',
    ],
    ['web', 'env.SALE', '•••', null, 'add the variable `SALE` to service `web`'],
    [
      'web',
      'image',
      'berth/shop-web:7d20e41',
      'berth/shop-web:9f1c2ab',
      'change the image of service `web` from `berth/shop-web:9f1c2ab` to `berth/shop-web:7d20e41`',
    ],
    ['web', 'replicas', '3', '2', 'scale service `web` from 2 to 3 replicas'],
    ['importer', '', null, 'there', 'remove the service `importer`'],
  ].map(([name, field, desired, live, sentence]) => ({
    kind: 'service' as const,
    name: name ?? '',
    field: field ?? '',
    desired: desired ?? null,
    live: live ?? null,
    sentence: sentence ?? '',
  })),
  texts: [
    { kind: 'service', name: 'cache', desired: CACHE, live: null },
    {
      kind: 'service',
      name: 'importer',
      desired: null,
      live: 'image: shop-importer:4\nmode:\n  kind: replicated\n  replicas: 1\n',
    },
    { kind: 'service', name: 'web', desired: WEB_DESIRED, live: WEB_LIVE },
  ],
};

export const failing: DryRunAnswer = {
  ...dryRunAnswer,
  number: 59,
  failure: {
    phase: 'rendered',
    reason: {
      code: 'image_not_found',
      text: 'Docker Hub has no image `redis:88`, which `cache` asks for',
      place: { file: 'compose.yaml', line: 31, column: 12 },
    },
  },
  holds: ['its environment is protected, and somebody has to approve it'],
  notes: [],
  plan: [],
  differences: [],
  texts: [],
};

const asked = { by: 'Mira', at: ago(1) };
const runs = new Map<string, DryRun>([
  ['shop', { asked, answer: dryRunAnswer }],
  ['shop-beta', { asked, answer: failing }],
]);

const path = '*/api/v1/stacks/:name/dry-run';
const last = (name: unknown) => runs.get(String(name)) ?? { asked: null, answer: null };

/** `tell`: says over the stream that a stack changed. */
export const dryRunHandlers = (tell: (topic: string, id: string) => void) => [
  http.get(path, ({ params }) => HttpResponse.json(last(params.name))),
  http.post(path, ({ params }) => {
    const name = String(params.name);
    const now = new Date().toISOString();
    const answer = { ...(last(name).answer ?? dryRunAnswer), answered_at: now };
    const open = { asked: { by: 'Mira', at: now }, answer: null };
    runs.set(name, open);
    setTimeout(() => {
      runs.set(name, { ...open, answer });
      tell('stack', name);
    }, 400);
    return HttpResponse.json(open, { status: 202 });
  }),
];
