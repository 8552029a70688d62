// Writes src/api/schema.gen.d.ts from openapi/openapi.json. The generator needs
// TypeScript 5 and the UI is written with 7, so it lives in a package of its own.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const bin = `${here}openapi/node_modules/.bin/openapi-typescript`;
if (!existsSync(bin)) {
  execFileSync('npm', ['ci'], { cwd: `${here}openapi`, stdio: 'inherit' });
}
execFileSync(
  bin,
  [
    `${here}../openapi/openapi.json`,
    '-o',
    `${here}../src/api/schema.gen.d.ts`,
    '--root-types',
    '--root-types-no-schema-prefix',
    '--alphabetize',
  ],
  { stdio: 'inherit' },
);
