import type { Stack, StackChoices } from '../api/schema.gen';
import { stackLook } from '../features/stacks/look.ts';
import { stacks } from './fixtures.ts';

/** The list of stacks as the server would answer with it, and what it can be narrowed to. */

const unique = <T>(all: readonly T[]): T[] => [...new Set(all)];

const repositories = unique(stacks.map(({ repository_id }) => repository_id));

export const stackChoices: StackChoices = {
  environments: unique(
    stacks.filter(({ kind }) => kind === 'permanent').map(({ environment }) => environment),
  ).toSorted(),
  repositories: repositories.map((id) => ({
    id,
    full_name: stacks.find((it) => it.repository_id === id)?.repository ?? '',
  })),
};

export function stacksFor(query: URLSearchParams): Stack[] {
  const asked = (name: string, has: (stack: Stack) => unknown) => {
    const value = query.get(name);
    return (stack: Stack) => value === null || String(has(stack)) === value;
  };
  const q = query.get('q')?.toLowerCase() ?? '';
  const tests = [
    asked('kind', ({ kind }) => kind),
    asked('environment', ({ environment }) => environment),
    asked('state', stackLook),
    asked('synced', ({ commit, synced }) => (commit ? synced : null)),
    asked('repository_id', ({ repository_id }) => repository_id),
    (stack: Stack) => query.get('attention') !== 'true' || stack.attention !== null,
    ({ name }: Stack) => name.includes(q),
  ];
  const found = stacks.filter((stack) => tests.every((test) => test(stack)));
  return query.get('sort') === 'updated'
    ? found.toSorted((a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at))
    : found;
}
