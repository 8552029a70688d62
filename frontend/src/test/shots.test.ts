import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { pictures } from '../../looks/sizes';
import screens from '../../tools/screens.json';

const ROOT = join(import.meta.dirname, '../../..');
const FOLDER = join(ROOT, 'docs/screenshots');
const tree = readFileSync(join(ROOT, 'frontend/src/routeTree.gen.ts'), 'utf8');

/** Routes that only lead on to another. */
const LEAD_ON = new Set(['/settings', '/setup/github/done', '/setup/github/installed']);

describe('the pictures in docs/screenshots', () => {
  it('are of every screen, in both themes and four widths, and of nothing else', () => {
    const wanted = screens.flatMap((screen) => pictures(screen).map(({ file }) => file.join('/')));
    const found = readdirSync(FOLDER, { recursive: true }).map(String);
    expect(found.filter((file) => file.endsWith('.png')).toSorted(), 'run: npm run shots').toEqual(
      wanted.toSorted(),
    );
  });

  it('are small enough to be kept', () => {
    const sizes = readdirSync(FOLDER, { recursive: true }).map(
      (file) => statSync(join(FOLDER, String(file))).size,
    );
    const mebibytes = sizes.reduce((sum, size) => sum + size, 0) / 2 ** 20;
    expect(mebibytes).toBeLessThan(6);
  });

  it('leave no page out', () => {
    const routes = /FileRoutesByTo \{([^}]*)\}/.exec(tree)?.[1] ?? '';
    const pages = [...routes.matchAll(/'([^']+)':/g)].map(([, route]) => route ?? '');
    expect(pages.length).toBeGreaterThan(10);
    const shown = screens.flatMap(({ route }) => route ?? []);
    expect(pages.filter((route) => !LEAD_ON.has(route)).toSorted()).toEqual(shown.toSorted());
  });
});

describe('the browser tests', () => {
  it('are all run by a project of the configuration', () => {
    const config = readFileSync(join(ROOT, 'frontend/playwright.config.ts'), 'utf8');
    const specs = readdirSync(join(ROOT, 'frontend/e2e')).filter((file) =>
      file.endsWith('.spec.ts'),
    );
    expect(specs.filter((file) => !config.includes(`'${file}'`))).toEqual([]);
  });
});
