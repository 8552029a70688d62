// Takes the pictures of every screen of screens.json anew, and writes where Tab leads
// there, into docs/screenshots: what is different by now, and what is new. What there
// is of screens that are gone goes, too. With a word: only the screens with that in their name.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));
const screens = JSON.parse(readFileSync(new URL('./screens.json', import.meta.url), 'utf8'));
const names = new Set(screens.map(({ name }) => name));

for (const file of readdirSync(folder, { recursive: true })) {
  if (!/\.(?:png|txt)$/.test(file)) continue;
  const name = /([^/]+?)(?:-(?:light|dark|\d+)\.png|\.txt)$/.exec(file)?.[1];
  if (!name || !names.has(name)) rmSync(join(folder, file));
}

const [word, ...rest] = process.argv.slice(2);
const { status } = spawnSync(
  'npx',
  [
    ['playwright', 'test', '--config', 'playwright.looks.config.ts', '--update-snapshots'],
    word ? ['--grep', word] : [],
    rest,
  ].flat(),
  { stdio: 'inherit', cwd: fileURLToPath(new URL('..', import.meta.url)) },
);
process.exitCode = status ?? 1;
