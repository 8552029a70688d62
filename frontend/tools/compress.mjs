// Writes .br and .gz beside every file of dist that is worth it, so that the
// server only has to pick one.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const worth = /\.(js|css|svg|json|map|txt)$/;

for (const name of readdirSync(dist, { recursive: true })) {
  const path = join(dist, name);
  // index.html gets a nonce with every answer: it can't be compressed ahead.
  if (!worth.test(name) || name.startsWith('.vite')) continue;
  const bytes = readFileSync(path);
  if (bytes.length < 1024) continue;
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(
    `${path}.br`,
    brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  );
}
