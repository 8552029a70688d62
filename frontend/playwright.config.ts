import { defineConfig, devices } from '@playwright/test';

const BERTH = process.env.BERTH_URL ?? 'http://127.0.0.1:8080';

/** A name that the browser takes to be this machine's, and trusts no more than any other. */
const NAME = 'berth.test';

/** How Debian's Chromium is launched. */
function launched(...more: string[]) {
  return {
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  };
}

/**
 * Browser tests against a real Berth that has no account yet, its simulator of GitHub and its
 * Traefik; see README.md for the variables. The main job is walked once, in order; then every page
 * is looked at in both themes, with what the job left.
 */
export default defineConfig({
  testDir: 'e2e',
  // One Berth, one story: nothing here may run at the same time as something else.
  workers: 1,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  outputDir: 'test-results',
  use: {
    ...devices['Desktop Chrome'],
    baseURL: BERTH,
    viewport: { width: 1360, height: 860 },
    contextOptions: { reducedMotion: 'reduce' },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: launched(),
  },
  projects: [
    { name: 'job', testMatch: 'job.spec.ts' },
    { name: 'failing', testMatch: 'failing.spec.ts', dependencies: ['job'] },
    {
      name: 'light',
      testMatch: ['pages.spec.ts', 'cluster.spec.ts'],
      dependencies: ['job'],
      use: { colorScheme: 'light' },
    },
    {
      name: 'dark',
      testMatch: ['pages.spec.ts', 'cluster.spec.ts'],
      dependencies: ['job'],
      use: { colorScheme: 'dark' },
    },
    { name: 'dry-run', testMatch: 'dry-run.spec.ts', dependencies: ['job'] },
    { name: 'logs', testMatch: 'logs.spec.ts', dependencies: ['job'] },
    { name: 'counts', testMatch: 'counts.spec.ts', dependencies: ['job'] },
    {
      name: 'session',
      testMatch: ['session.spec.ts', 'keys.spec.ts', 'members.spec.ts'],
      dependencies: ['job'],
    },
    {
      name: 'plain',
      testMatch: 'plain.spec.ts',
      dependencies: ['job'],
      use: {
        baseURL: BERTH.replace('127.0.0.1', NAME),
        launchOptions: launched(`--host-resolver-rules=MAP ${NAME} 127.0.0.1`),
      },
    },
    {
      name: 'everything',
      testMatch: ['everything.spec.ts', 'slow.spec.ts'],
      dependencies: ['job'],
    },
    // Thousands of events, which the others need not click through.
    { name: 'long', testMatch: 'long.spec.ts', dependencies: ['job'] },
    // Berth is killed here: last.
    { name: 'survive', testMatch: 'survive.spec.ts', dependencies: ['job'] },
  ],
});
