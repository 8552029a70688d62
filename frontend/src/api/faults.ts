import { messageOf } from '~/lib/text';

import { ApiError } from './client';

/** The server's complaints, sorted to the fields of a form; `rest` belongs to no field. */
export type Sorted<F extends string> = { fields: Partial<Record<F, string>>; rest: string | null };

/**
 * "/refs/0" belongs to the field `refs`. The first complaint about a field is shown.
 * What no field of the form can show must not get lost, so it becomes `rest`.
 */
export function sortFaults<F extends string>(error: unknown, fields: readonly F[]): Sorted<F> {
  if (!(error instanceof ApiError)) {
    return { fields: {}, rest: messageOf(error) };
  }
  const found: Partial<Record<F, string>> = {};
  const rest: string[] = [];
  for (const { pointer, detail } of error.faults) {
    const name = pointer.replace(/^#?\//, '').split('/', 1)[0];
    const field = fields.find((candidate) => candidate === name);
    if (!field) rest.push(detail);
    else found[field] ??= detail;
  }
  if (error.faults.length === 0) rest.push(error.message);
  return { fields: found, rest: rest.length > 0 ? rest.join(' ') : null };
}
