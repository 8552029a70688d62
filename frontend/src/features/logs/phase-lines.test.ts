import { expect, test } from 'vitest';

import type { DeploymentPhase, LogLine } from '~/api/schema.gen';

import { partsOf } from './phase-lines';

const at = (second: number) => new Date(Date.UTC(2026, 10, 27, 8, 0, second)).toISOString();

const line = (id: number, service: string, source: LogLine['source'], second: number): LogLine => ({
  id,
  service,
  source,
  line: '',
  at: at(second),
});

const phase = (name: DeploymentPhase['phase'], from: number, to: number | null) => ({
  phase: name,
  state: to === null ? ('running' as const) : ('done' as const),
  started_at: at(from),
  ended_at: to === null ? null : at(to),
  message: '',
});

const LINES = [
  line(1, 'web', 'build', 1),
  line(2, 'api', 'build', 2),
  line(3, 'web', 'build', 30),
  line(7, 'migrate (job)', 'job', 12),
  line(8, 'migrate (job)', 'job', 12),
  line(9, 'seed (job)', 'job', 25),
];

test('what builders wrote belongs to the build, whenever it came', () => {
  expect(partsOf(LINES, phase('built', 0, 10))).toEqual([
    { service: 'web', first: 1, last: 3, lines: 2 },
    { service: 'api', first: 2, last: 2, lines: 1 },
  ]);
});

test('what a job wrote belongs to the phase in which it ended', () => {
  expect(partsOf(LINES, phase('applied', 10, 20))).toEqual([
    { service: 'migrate (job)', first: 7, last: 8, lines: 2 },
  ]);
  expect(partsOf(LINES, phase('converged', 20, null)).map(({ service }) => service)).toEqual([
    'seed (job)',
  ]);
});

test('a phase that writes no log, or has not begun, has no part of one', () => {
  expect(partsOf(LINES, phase('routed', 0, null))).toEqual([]);
  expect(partsOf(LINES, { ...phase('built', 0, null), started_at: null })).toEqual([]);
});
