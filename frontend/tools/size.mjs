// Fails when the UI gets heavy: what the first page loads, what any one route
// adds, and everything together, all as gzip.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMITS = { first: 140, route: 70, all: 750 };

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const kib = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / 1024;

/** Every JS and CSS file that a chunk brings with it, itself first. */
function closure(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const next of chunk.imports ?? []) closure(next, seen);
  return seen;
}
const weigh = (files) => [...files].reduce((sum, file) => sum + kib(file), 0);

const first = closure('index.html');
const routes = Object.keys(manifest)
  .filter((key) => manifest[key].isDynamicEntry)
  .map((key) => ({ key, size: weigh([...closure(key)].filter((file) => !first.has(file))) }))
  .toSorted((a, b) => b.size - a.size);
const everything = readdirSync(dist, { recursive: true }).filter((name) =>
  /\.(js|css|html|svg|woff2)$/.test(name),
);

const rows = [
  ['first load', weigh(first), LIMITS.first],
  [
    `heaviest route (${routes[0]?.key.split('/').pop() ?? 'none'})`,
    routes[0]?.size ?? 0,
    LIMITS.route,
  ],
  ['everything', weigh(everything), LIMITS.all],
];
let heavy = false;
for (const [name, size, limit] of rows) {
  const over = size > limit;
  heavy ||= over;
  console.log(`${over ? 'OVER' : 'ok  '}  ${size.toFixed(1).padStart(6)} of ${limit} KiB  ${name}`);
}
if (heavy) process.exit(1);
