import createClient, { type Middleware } from 'openapi-fetch';

import type { paths } from './schema.gen';

/** One thing that the server found wrong, and where in the request it is (a JSON pointer). */
export type Fault = { pointer: string; detail: string };

/** Any answer that is not a success, and any request that got none. */
export class ApiError extends Error {
  override name = 'ApiError';

  constructor(
    message: string,
    /** The HTTP status; 0 where no answer came. */
    readonly status: number,
    readonly requestId: string | undefined,
    readonly faults: readonly Fault[],
  ) {
    super(message);
  }
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Reads a problem+json body, or anything else that came instead of one. */
export function problem(status: number, body: unknown, header: string | null): ApiError {
  const { title, detail, request_id, errors } = record(body);
  const faults = (Array.isArray(errors) ? errors : []).flatMap((entry) => {
    const fault = record(entry);
    const what = text(fault.detail);
    return what ? [{ pointer: text(fault.pointer) ?? '', detail: what }] : [];
  });
  const message =
    text(detail) ??
    text(title) ??
    (status >= 500 ? `The server failed (${status}).` : `The server refused this (${status}).`);
  return new ApiError(message, status, text(request_id) ?? header ?? undefined, faults);
}

const csrf: Middleware = {
  onRequest({ request }) {
    // Another site can't set this header, so the server knows that the request is ours.
    if (request.method !== 'GET') request.headers.set('x-berth-csrf', '1');
    return request;
  },
  onError() {
    return new ApiError(
      'Berth did not answer. Is it running, and is the network up?',
      0,
      undefined,
      [],
    );
  },
};

export const api = createClient<paths>({
  // Looked up for every request, so that a test can put its own in place.
  fetch: (request) => globalThis.fetch(request),
  baseUrl: globalThis.location?.origin ?? '',
});
api.use(csrf);

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The answer's body, or an `ApiError`. */
export async function take<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, response } = await settle(call);
  if (data === undefined) throw problem(response.status, undefined, null);
  return data;
}

/** Like `take`, for answers without a body. */
export async function done(call: Promise<Answer<unknown>>): Promise<void> {
  await settle(call);
}

/** Like `take`, with the version that the answer names (its ETag). */
export async function takeTagged<T>(
  call: Promise<Answer<T>>,
): Promise<{ value: T; etag: string | null }> {
  const { data, response } = await settle(call);
  if (data === undefined) throw problem(response.status, undefined, null);
  return { value: data, etag: response.headers.get('etag') };
}

async function settle<T>(call: Promise<Answer<T>>): Promise<Answer<T>> {
  const answer = await call;
  if (!answer.response.ok) {
    throw problem(
      answer.response.status,
      answer.error,
      answer.response.headers.get('x-request-id'),
    );
  }
  return answer;
}

export const isStatus = (error: unknown, status: number): boolean =>
  error instanceof ApiError && error.status === status;
