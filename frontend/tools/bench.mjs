// Measures the built UI with the API in memory: how heavy its first page is, how
// soon it is painted on a slow phone, whether 100,000 log lines block it, how soon
// the palette opens, and what axe finds on all screens in both themes.
// `--json` ends with one object of the figures. `cargo xtask bench ui` runs it.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { chromium, expect } from '@playwright/test';
import { preview } from 'vite';

import { weights } from './weigh.mjs';

const ROUNDS = 5;
const screens = JSON.parse(readFileSync(new URL('./screens.json', import.meta.url), 'utf8'));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const server = await preview({ mode: 'mock', preview: { port: 0, open: false } });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});

/** Runs `work` in a browser that has been nowhere yet. */
async function fresh(work, options = {}) {
  const context = await browser.newContext({
    baseURL: server.resolvedUrls.local[0],
    viewport: { width: 1360, height: 860 },
    reducedMotion: 'reduce',
    ...options,
  });
  try {
    const page = await context.newPage();
    return await work(page, await context.newCDPSession(page));
  } finally {
    await context.close();
  }
}

async function settled(page) {
  await page.locator('h1').waitFor();
  // A page may load several parts at once.
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0, { timeout: 30_000 });
}

/** The largest paint of `/` on a slow phone: 1.6 Mbit/s, 150 ms, a quarter of this CPU. */
const largestPaint = () =>
  fresh(async (page, devtools) => {
    await devtools.send('Network.enable');
    await devtools.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 150,
      downloadThroughput: 1_600_000 / 8,
      uploadThroughput: 750_000 / 8,
    });
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    await page.goto('/');
    await settled(page);
    await page.getByRole('table').first().waitFor();
    return page.evaluate(
      () =>
        new Promise((tell) => {
          new PerformanceObserver((list) => tell(list.getEntries().at(-1).startTime)).observe({
            type: 'largest-contentful-paint',
            buffered: true,
          });
        }),
    );
  });

/** From the key to the painted palette, the first time on a page at rest. */
const palette = () =>
  fresh(async (page) => {
    await page.goto('/');
    await settled(page);
    await page.waitForLoadState('networkidle').catch(() => {});
    await page.evaluate(() => new Promise((rest) => requestIdleCallback(rest)));
    await page.evaluate(() => {
      window.opened = new Promise((tell) => {
        let pressed = 0;
        addEventListener('keydown', (event) => (pressed ||= event.timeStamp), true);
        new MutationObserver((_, observer) => {
          if (!document.querySelector('[role=dialog]')) return;
          observer.disconnect();
          requestAnimationFrame(() => setTimeout(() => tell(performance.now() - pressed)));
        }).observe(document.body, { childList: true, subtree: true });
      });
    });
    await page.keyboard.press('Control+k');
    return page.evaluate(() => window.opened);
  });

/**
 * Tasks of over 50 ms while 100,000 lines arrive, are scrolled through and are searched: the stack
 * `flood` of the API in memory sends them as quickly as they are taken.
 */
const longTasks = () =>
  fresh(async (page) => {
    await page.goto('/stacks/flood/logs');
    const grid = page.getByRole('grid', { name: 'Log lines' });
    await grid.waitFor();
    await page.evaluate(() => {
      window.long = [];
      new PerformanceObserver((list) =>
        window.long.push(...list.getEntries().map(({ duration }) => duration)),
      ).observe({ type: 'longtask' });
    });
    await grid.getByText('id=99999 ').first().waitFor({ timeout: 120_000 });
    await grid.evaluate(async (node) => {
      const scrolls = [node, ...node.querySelectorAll('*')].find(
        (it) => it.scrollHeight > it.clientHeight + 10_000,
      );
      for (let step = 60; step >= 0; step--) {
        scrolls.scrollTop = (scrolls.scrollHeight * step) / 60;
        await new Promise((painted) => requestAnimationFrame(painted));
      }
    });
    await grid.getByText('id=0 ').first().waitFor();
    await page.getByRole('searchbox').first().fill('id=4242 ');
    await page.getByText('id=4242 ').first().waitFor();
    return page.evaluate(() => window.long.length);
  });

async function violations(page, devtools) {
  await devtools.send('Runtime.evaluate', { expression: axe });
  const { result, exceptionDetails } = await devtools.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
      .then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => [id, nodes.length])))`,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.text);
  return JSON.parse(result.value);
}

/** What axe finds on every screen, in both themes. */
async function accessible() {
  let sum = 0;
  for (const colorScheme of ['light', 'dark']) {
    for (const { name, path, press } of screens) {
      const found = await fresh(
        async (page, devtools) => {
          await page.goto(path);
          await settled(page);
          if (press) {
            await page.keyboard.press(press);
            await page.getByRole('dialog').waitFor();
          }
          return violations(page, devtools);
        },
        { colorScheme },
      );
      for (const [id, nodes] of found)
        console.log(`  axe: ${name}, ${colorScheme}: ${id} (${nodes})`);
      sum += found.length;
    }
  }
  return sum;
}

async function rounds(measure) {
  const values = [];
  for (let round = 0; round < ROUNDS; round++) values.push(await measure());
  return Math.round(median(values));
}

const figures = {};
const say = (key, value, goal) => {
  figures[key] = value;
  console.log(`  ${key.padEnd(22)} ${String(value).padStart(7)}   goal ${goal}`);
};
try {
  say('first_load_kib', Number(weights().first.toFixed(1)), '≤ 140');
  say('lcp_ms', await rounds(largestPaint), '≤ 2500');
  say('logs_100k_long_tasks', await rounds(longTasks), '0');
  say('palette_ms', await rounds(palette), '≤ 150');
  say('axe_violations', await accessible(), '0');
} finally {
  await browser.close();
  await server.close();
}
if (process.argv.includes('--json')) console.log(JSON.stringify(figures));
