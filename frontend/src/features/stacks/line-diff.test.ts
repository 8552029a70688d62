import { describe, expect, it } from 'vitest';

import { lineDiff } from './line-diff';

const shown = (live: string | null, desired: string | null) =>
  lineDiff(live, desired).map((row) => {
    if (row.kind === 'same') return `  ${row.text}`;
    if (row.kind === 'skipped') return `⋯ ${row.lines}`;
    return `${row.live ?? '∅'} → ${row.desired ?? '∅'}`;
  });

describe('two texts line by line', () => {
  it('have what changed beside what took its place', () => {
    expect(
      shown(
        'env:\n  A: 1\n  B: 2\nimage: shop:1\nreplicas: 2\n',
        'env:\n  A: 1\n  C: 3\nimage: shop:2\nreplicas: 2\nuser: app\n',
      ),
    ).toEqual([
      '  env:',
      '    A: 1',
      '  B: 2 → ∅',
      '∅ →   C: 3',
      'image: shop:1 → image: shop:2',
      '  replicas: 2',
      '∅ → user: app',
    ]);
  });

  it('leave out what both say far from a change', () => {
    const head = Array.from({ length: 9 }, (_, n) => `k${n}: 1`).join('\n');
    expect(shown(`${head}\nlast: 1\n`, `${head}\nlast: 2\n`)).toEqual([
      '⋯ 6',
      '  k6: 1',
      '  k7: 1',
      '  k8: 1',
      'last: 1 → last: 2',
    ]);
  });

  it('may be one alone', () => {
    expect(shown(null, 'a: 1\nb: 2\n')).toEqual(['∅ → a: 1', '∅ → b: 2']);
    expect(shown('a: 1\n', null)).toEqual(['a: 1 → ∅']);
    expect(shown(null, null)).toEqual([]);
  });
});
