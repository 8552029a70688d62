// How heavy the built UI is: what each entry of Vite's manifest brings with it,
// as gzip.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const kib = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / 1024;
const weigh = (files) => [...files].reduce((sum, file) => sum + kib(file), 0);

/** In KiB: the first page, the heaviest route on top of it with its name, everything. */
export function weights() {
  const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));

  /** Every JS and CSS file that a chunk brings with it, itself first. */
  function closure(key, seen = new Set()) {
    const chunk = manifest[key];
    if (!chunk || seen.has(chunk.file)) return seen;
    seen.add(chunk.file);
    for (const css of chunk.css ?? []) seen.add(css);
    for (const next of chunk.imports ?? []) closure(next, seen);
    return seen;
  }

  const first = closure('index.html');
  const routes = Object.keys(manifest)
    .filter((key) => manifest[key].isDynamicEntry)
    .map((key) => ({ key, size: weigh([...closure(key)].filter((file) => !first.has(file))) }))
    .toSorted((a, b) => b.size - a.size);
  const everything = readdirSync(dist, { recursive: true }).filter((name) =>
    /\.(js|css|html|svg|woff2)$/.test(name),
  );
  return {
    first: weigh(first),
    route: routes[0]?.size ?? 0,
    heaviest: routes[0]?.key.split('/').pop() ?? 'none',
    all: weigh(everything),
  };
}
