import { expect, test } from 'vitest';

import { differs } from './replay';

test('only what would have come out otherwise differs', () => {
  const of = (verdict: 'deploys' | 'previews' | 'removes' | 'ignored', outcome: string | null) =>
    differs({ verdict, delivery: { outcome: outcome as 'deployed' | null } });
  expect(of('deploys', 'deployed')).toBe(false);
  expect(of('previews', 'deployed')).toBe(false);
  expect(of('deploys', 'ignored')).toBe(true);
  expect(of('ignored', 'deployed')).toBe(true);
  expect(of('ignored', 'recorded')).toBe(false);
  expect(of('removes', 'recorded')).toBe(false);
  expect(of('removes', 'ignored')).toBe(true);
});
