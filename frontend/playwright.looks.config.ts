import { defineConfig } from '@playwright/test';

import base from './playwright.config.ts';

/**
 * Pictures of every screen of tools/screens.json, from the built UI and the API in memory, compared
 * with docs/screenshots. Time stands still, and nothing moves.
 */
const PORT = process.env.LOOKS_PORT ?? '4179';
process.env.STILL_CLOCK = '2026-06-01T12:00:00Z';

export default defineConfig({
  testDir: 'looks',
  forbidOnly: Boolean(process.env.CI),
  workers: 2,
  fullyParallel: true,
  timeout: 60_000,
  reporter: [['list']],
  outputDir: 'test-results/looks',
  snapshotPathTemplate: '../docs/screenshots/{arg}{ext}',
  updateSnapshots: 'none',
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    locale: 'en-GB',
    timezoneId: 'UTC',
    launchOptions: {
      executablePath: base.use?.launchOptions?.executablePath ?? '',
      args: [
        ...(base.use?.launchOptions?.args ?? []),
        '--force-color-profile=srgb',
        '--font-render-hinting=none',
        '--disable-lcd-text',
      ],
    },
  },
  webServer: {
    command: `node --import ./tools/still-clock.mjs node_modules/vite/bin/vite.js preview --mode mock --host 127.0.0.1 --port ${PORT} --strictPort`,
    url: `http://127.0.0.1:${PORT}/`,
    env: { STILL_CLOCK: process.env.STILL_CLOCK },
  },
});
