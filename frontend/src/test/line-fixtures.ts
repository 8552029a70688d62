import type { ContainerLine } from '../api/schema.gen';

/** What containers wrote, for tests and for the mock server. */

const SAID: readonly [service: string, level: ContainerLine['level'], text: string][] = [
  [
    'web',
    'info',
    '\u001b[32mINFO\u001b[0m \u001b[90mreq\u001b[0m GET \u001b[36m/\u001b[0m 200 \u001b[33m4ms\u001b[0m',
  ],
  ['api', 'info', 'request finished path=/api/items/412 status=200 bytes=18914 ms=7'],
  [
    'web',
    'info',
    '\u001b[32mINFO\u001b[0m \u001b[90mreq\u001b[0m GET \u001b[36m/cart\u001b[0m 200 \u001b[33m6ms\u001b[0m',
  ],
  ['worker', 'info', 'job picked queue=mail id=8812 attempt=1'],
  ['store', null, '2026-11-27 07:58:02.104 UTC [64] LOG:  checkpoint starting: time'],
  ['api', 'debug', 'price cache hit sku=KIPPER-200 age=41s'],
  ['worker', 'info', 'job done queue=mail id=8812 ms=312'],
  ['api', 'warn', 'slow query ms=1204 sql="select sku, price from prices where sku = any($1)"'],
  [
    'web',
    'info',
    '\u001b[32mINFO\u001b[0m \u001b[90mreq\u001b[0m POST \u001b[36m/checkout\u001b[0m 303 \u001b[33m48ms\u001b[0m',
  ],
  ['api', 'info', 'order placed id=20417 total=38.40 currency=EUR items=3'],
  [
    'store',
    null,
    '2026-11-27 07:58:06.377 UTC [64] LOG:  checkpoint complete: wrote 41 buffers (0.3%)',
  ],
  [
    'worker',
    'error',
    'job failed queue=mail id=8813 attempt=3 error="connect ECONNREFUSED smtp:25"',
  ],
  ['api', 'info', 'request finished path=/api/cart/951 status=200 bytes=2048 ms=2'],
  [
    'web',
    'info',
    '\u001b[32mINFO\u001b[0m \u001b[90mreq\u001b[0m GET \u001b[36m/search?q=<b>herring</b>\u001b[0m 200 \u001b[33m11ms\u001b[0m',
  ],
];

/** The line of this number; `ms` apart from the one before. */
export function containerLine(
  n: number,
  part: Partial<ContainerLine> = {},
  from = Date.UTC(2026, 10, 27, 6),
  ms = 1_900,
): ContainerLine {
  const [service, level, text] = SAID[n % SAID.length] ?? ['web', null, ''];
  return {
    id: String(n),
    at: new Date(from + n * ms).toISOString().replace('Z', '042Z'),
    service,
    task: `${service}.${(n % 2) + 1}`,
    node: `harbour-${(n % 3) + 1}`,
    stream: level === 'error' ? 'stderr' : 'stdout',
    level,
    text,
    ...part,
  };
}

export const containerLines = (from: number, to: number): ContainerLine[] =>
  Array.from({ length: to - from + 1 }, (_, index) => containerLine(from + index));
