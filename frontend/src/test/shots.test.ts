import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import screens from '../../tools/screens.json';

const ROOT = join(import.meta.dirname, '../../..');
const tree = readFileSync(join(ROOT, 'frontend/src/routeTree.gen.ts'), 'utf8');

/** Routes that only lead on to another. */
const LEAD_ON = new Set(['/settings', '/setup/github/done', '/setup/github/installed']);

describe('the pictures in docs/screenshots', () => {
  it('are of every screen, in both themes, and of nothing else', () => {
    const wanted = screens.flatMap(({ name }) => [`${name}-dark.png`, `${name}-light.png`]);
    const found = readdirSync(join(ROOT, 'docs/screenshots'));
    expect(found.toSorted(), 'run: npm run shots').toEqual(wanted.toSorted());
  });

  it('leave no page out', () => {
    const routes = /FileRoutesByTo \{([^}]*)\}/.exec(tree)?.[1] ?? '';
    const pages = [...routes.matchAll(/'([^']+)':/g)].map(([, route]) => route ?? '');
    expect(pages.length).toBeGreaterThan(10);
    const shown = screens.flatMap(({ route }) => route ?? []);
    expect(pages.filter((route) => !LEAD_ON.has(route)).toSorted()).toEqual(shown.toSorted());
  });
});
