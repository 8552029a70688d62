import { expect, test } from 'vitest';

import type { DeploymentAct } from '~/api/schema.gen';
import { phases } from '~/test/fixtures';

import { actsIn, actWords } from './acts';

const start = Date.UTC(2026, 10, 27, 8);
const act = (seconds: number, part: Partial<DeploymentAct> = {}): DeploymentAct => ({
  at: new Date(start + seconds * 1_000).toISOString(),
  actor: 'Mira',
  person: true,
  kind: 'approved',
  detail: '',
  ...part,
});

test('what kept a phase back is told in that phase, not in the one before it', () => {
  const course = phases(4, 'pending', start);
  const done = (seconds: number) =>
    course.find((it) => actsIn(course, [act(seconds)], it).length > 0)?.phase;
  expect(done(0)).toBe('received');
  expect(done(10)).toBe('built');
  // Rendered ended after 15.3 s.
  expect(done(16)).toBe('applied');
});

test('every act is told in one phase, and one after the last phase in that', () => {
  const course = phases(8, 'done', start);
  const acts = [act(0), act(10), act(600)];
  expect(course.flatMap((it) => actsIn(course, acts, it))).toEqual(acts);
  expect(actsIn(course, acts, course.at(-1)!)).toEqual([acts[2]]);
});

test('an act is a sentence, also one that this page has no words for', () => {
  expect(actWords(act(0, { kind: 'rejected', detail: 'not on a Friday' }))).toEqual({
    what: 'Mira rejected it',
    more: 'Not on a Friday',
  });
  expect(actWords(act(0, { actor: 'Berth', kind: 'orphan_removed' })).what).toBe(
    'Berth did this: orphan removed',
  );
});
