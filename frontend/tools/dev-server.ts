// What the development server does beyond Vite: the content security policy of
// the real server, so that a violation shows on the first day, and, in mode
// `mock`, an API without a server.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

import { getResponse } from 'msw';
import type { Connect, Plugin } from 'vite';

import { handlers } from '../src/test/handlers.ts';

/** The same directives as the server's; Vite itself needs inline styles and its socket. */
export function csp(): Plugin {
  const policy = (nonce: string, dev: boolean) =>
    [
      "default-src 'self'",
      dev ? "script-src 'self' 'unsafe-inline'" : "script-src 'self'",
      dev ? "style-src 'self' 'unsafe-inline'" : `style-src 'self' 'nonce-${nonce}'`,
      "img-src 'self' data:",
      dev ? "connect-src 'self' ws:" : "connect-src 'self'",
      "font-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "form-action 'self' https://github.com",
    ].join('; ');
  const nonce = randomBytes(16).toString('base64');
  const middleware =
    (dev: boolean): Connect.NextHandleFunction =>
    (_request, response, next) => {
      response.setHeader('content-security-policy', policy(nonce, dev));
      next();
    };
  return {
    name: 'berth-csp',
    configureServer: (server) => void server.middlewares.use(middleware(true)),
    configurePreviewServer: (server) => void server.middlewares.use(middleware(false)),
    transformIndexHtml: {
      order: 'post',
      handler: (html, { server }) => (server ? html.replace('__CSP_NONCE__', nonce) : html),
    },
  };
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** The preview sends what tools/compress.mjs wrote, as the real server does: figures need it. */
export function compressed(): Plugin {
  return {
    name: 'berth-compressed',
    configurePreviewServer: (server) => {
      const dist = join(server.config.root, server.config.build.outDir);
      server.middlewares.use((request, response, next) => {
        const path = new URL(request.url ?? '/', 'http://localhost').pathname;
        const file = join(dist, `${path}.br`);
        const type = TYPES[extname(path)];
        const takes = String(request.headers['accept-encoding']).includes('br');
        if (!type || !takes || path.includes('..') || !existsSync(file)) {
          next();
          return;
        }
        response.writeHead(200, {
          'content-type': type,
          'content-encoding': 'br',
          vary: 'accept-encoding',
        });
        response.end(readFileSync(file));
      });
    },
  };
}

/** Answers /api with the handlers that the unit tests use, stream included. */
export function mock(): Plugin {
  const middleware: Connect.NextHandleFunction = (request, response, next) => {
    if (!request.url?.startsWith('/api/')) {
      next();
      return;
    }
    answer(request, response).catch(next);
  };
  return {
    name: 'berth-mock',
    configureServer: (server) => void server.middlewares.use(middleware),
    configurePreviewServer: (server) => void server.middlewares.use(middleware),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = `http://${request.headers.host ?? 'localhost'}${request.url ?? ''}`;
  const body =
    request.method === 'GET'
      ? null
      : await new Response(Readable.toWeb(request) as BodyInit).text();
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string') headers.set(name, value);
  }
  const found = await getResponse(
    handlers,
    new Request(url, { method: request.method ?? 'GET', headers, body: body || null }),
  );
  const reply = found ?? new Response('{"title":"Not mocked"}', { status: 501 });
  response.writeHead(reply.status, Object.fromEntries(reply.headers));
  if (reply.body) {
    const stream = Readable.fromWeb(reply.body as ReadableStream);
    response.on('close', () => stream.destroy());
    stream.on('error', () => response.end());
    stream.pipe(response);
  } else {
    response.end();
  }
}
