import type { LogLine } from '~/api/schema.gen';

const start = Date.now() - 60_000;

const STEPS = [
  '#1 [internal] load build definition from Dockerfile',
  '#2 [base 1/4] FROM docker.io/library/debian:12',
  '\u001b[36m#3 [base 2/4] RUN apt-get update && apt-get install -y ca-certificates\u001b[0m',
  '#3 1.204 Get:1 bookworm InRelease [151 kB]',
  '\u001b[32m#3 DONE 4.1s\u001b[0m',
  '#4 [base 3/4] COPY package.json package-lock.json ./',
  '#5 [base 4/4] RUN npm ci',
  '\u001b[33m#5 2.310 npm warn deprecated left-pad@1.3.0: use String.prototype.padStart()\u001b[0m',
  '#5 6.120 added 212 packages in 5s',
  '\u001b[1m\u001b[32m#5 DONE 6.4s\u001b[0m',
];

export function logLine(id: number, part: Partial<LogLine> = {}): LogLine {
  return {
    id,
    source: 'build',
    service: ['web', 'api', 'worker'][Math.floor((id - 1) / STEPS.length) % 3] ?? 'web',
    line: STEPS[(id - 1) % STEPS.length] ?? '',
    at: new Date(start + id * 130).toISOString(),
    ...part,
  };
}

export const log: LogLine[] = Array.from({ length: 320 }, (_, index) => logLine(index + 1));
