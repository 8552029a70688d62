// Fails when the UI gets heavy: what the first page loads, what any one route
// adds, and everything together, all as gzip.
import { weights } from './weigh.mjs';

const LIMITS = { first: 140, route: 70, all: 750 };

const { first, route, heaviest, all } = weights();
const rows = [
  ['first load', first, LIMITS.first],
  [`heaviest route (${heaviest})`, route, LIMITS.route],
  ['everything', all, LIMITS.all],
];
let heavy = false;
for (const [name, size, limit] of rows) {
  const over = size > limit;
  heavy ||= over;
  console.log(`${over ? 'OVER' : 'ok  '}  ${size.toFixed(1).padStart(6)} of ${limit} KiB  ${name}`);
}
if (heavy) process.exit(1);
