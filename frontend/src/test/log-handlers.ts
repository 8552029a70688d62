import { http, HttpResponse } from 'msw';

import type { ContainerLine, ContainerLogPage, LogLevel, LogTrouble } from '../api/schema.gen';
import { before, stack, stacks } from './fixtures.ts';
import { containerLine } from './line-fixtures.ts';

/**
 * The logs of the mock: some hours of a small shop, and new lines as they come. The stack `flood`
 * is in no list: its stream brings 100,000 lines as quickly as one takes them, to measure the page.
 */

const api = (path: string) => `*/api/v1/stacks${path}`;

const KEPT = 6_000;
const EVERY_MS = 1_900;
const born = Date.now() - KEPT * EVERY_MS;
const FLOOD = 100_000;
/** What one event of the stream may hold. */
const PART = 2_000;

const lines: ContainerLine[] = [];
/** Everything that was written until now; the time that passed is part of it. */
function written(): readonly ContainerLine[] {
  const now = Math.min(KEPT * 2, Math.floor((Date.now() - born) / EVERY_MS));
  for (let n = lines.length; n < now; n++) {
    lines.push(containerLine(n, { id: String(n + 10_000) }, born, EVERY_MS));
  }
  return lines;
}

const flooded = (n: number) =>
  containerLine(n, {
    id: String(n + 1_000_000),
    text: `INFO request finished id=${n} path=/api/items/${n % 997} status=200 bytes=${(n * 8919) % 90_000}`,
  });

const RANK: Record<string, number> = { error: 3, warn: 2, info: 1, debug: 0 };

function filtered(from: readonly ContainerLine[], query: URLSearchParams): ContainerLine[] {
  const services = query.getAll('service').flatMap((names) => names.split(','));
  const least = RANK[(query.get('level') ?? 'debug') as LogLevel] ?? 0;
  const q = query.get('q')?.toLowerCase() ?? '';
  const since = Date.parse(query.get('since') ?? '') || -Infinity;
  const until = Date.parse(query.get('until') ?? '') || Infinity;
  return from.filter((line) => {
    const at = Date.parse(line.at);
    return (
      (services.length === 0 || services.includes(line.service)) &&
      (RANK[line.level ?? 'info'] ?? 1) >= least &&
      at >= since &&
      at <= until &&
      line.text.toLowerCase().includes(q)
    );
  });
}

const TROUBLES: LogTrouble[] = [
  {
    service: 'worker',
    node: 'harbour-3',
    since: before(11),
    message: 'The node harbour-3 can’t be reached: what `worker` writes there is not here.',
  },
];

function page(name: string, query: URLSearchParams): ContainerLogPage {
  const all = name === 'flood' || process.env.MOCK_EMPTY !== undefined ? [] : written();
  const found = filtered(all, query);
  const limit = Math.min(Number(query.get('limit') ?? 1_000), 5_000);
  const place = (id: string) => found.findIndex((line) => Number(line.id) >= Number(id));
  const end = (at: number) => (at < 0 ? found.length : at);
  let from = Math.max(0, found.length - limit);
  let to = found.length;
  const earlier = query.get('before');
  const after = query.get('after');
  const around = query.get('around');
  if (earlier) {
    to = end(place(earlier));
    from = Math.max(0, to - limit);
  } else if (after) {
    from = end(place(String(Number(after) + 1)));
    to = Math.min(found.length, from + limit);
  } else if (around) {
    from = Math.max(0, end(place(around)) - Math.floor(limit / 2));
    to = Math.min(found.length, from + limit);
  }
  return {
    lines: found.slice(from, to),
    older: from > 0,
    newer: to < found.length,
    kept_since: all[0]?.at ?? null,
    services: all.length > 0 ? ['api', 'migrate', 'store', 'web', 'worker'] : [],
    troubles: name === 'shop-pr-214' ? TROUBLES : [],
  };
}

const encoder = new TextEncoder();
const event = (some: readonly ContainerLine[]) =>
  encoder.encode(`id: ${some.at(-1)?.id}\nevent: lines\ndata: ${JSON.stringify(some)}\n\n`);

function stream(name: string, query: URLSearchParams): Response {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let done = 0;
  let last = Number(query.get('after') ?? written().at(-1)?.id ?? 0);
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode(': here\n\n'));
        if (name === 'flood') return;
        const tell = () => {
          const fresh = filtered(written(), query).filter(({ id }) => Number(id) > last);
          last = Number(fresh.at(-1)?.id ?? last);
          if (fresh.length > 0) controller.enqueue(event(fresh));
          timer = setTimeout(tell, 700);
        };
        timer = setTimeout(tell, 700);
      },
      pull(controller) {
        if (name !== 'flood' || done >= FLOOD) return;
        const part = Array.from({ length: PART }, (_, index) => flooded(done + index));
        done += PART;
        controller.enqueue(event(filtered(part, query)));
        return new Promise((go) => setTimeout(go, 1));
      },
      cancel: () => clearTimeout(timer),
    },
    { highWaterMark: 2 },
  );
  return new HttpResponse(body, { headers: { 'content-type': 'text/event-stream' } });
}

const missing = (name: string) => !stacks.some((it) => it.name === name) && name !== 'flood';
const notThere = () =>
  HttpResponse.json({ title: 'There is no such thing.', status: 404 }, { status: 404 });

export const logHandlers = [
  http.get(api('/flood'), () => HttpResponse.json(stack('flood'))),
  http.get(api('/:name/logs'), ({ params, request }) => {
    const name = String(params.name);
    return missing(name)
      ? notThere()
      : HttpResponse.json(page(name, new URL(request.url).searchParams));
  }),
  http.get(api('/:name/logs/stream'), ({ params, request }) =>
    stream(String(params.name), new URL(request.url).searchParams),
  ),
  http.get(api('/:name/logs/download'), ({ params, request }) => {
    const found = filtered(written(), new URL(request.url).searchParams);
    return new HttpResponse(
      found.map(({ at, service, task, text }) => `${at} ${service} ${task} ${text}\n`).join(''),
      {
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          'content-disposition': `attachment; filename="${String(params.name)}.log"`,
        },
      },
    );
  }),
];
