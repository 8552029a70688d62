// Opens the logs of the mock's stack `flood`, whose stream brings 100,000 lines,
// and tells how long they took and which tasks were longer than 50 ms; then the
// same for a search through all of them and a scroll over all of them.
import { chromium } from '@playwright/test';
import { preview } from 'vite';

const LINES = '100,000 lines';

const server = await preview({ mode: 'mock', preview: { port: 0, open: false } });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({
    baseURL: server.resolvedUrls.local[0],
    viewport: { width: 1360, height: 860 },
  });
  await page.addInitScript(() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        globalThis.longTasks.push({ at: Math.round(startTime), ms: Math.round(duration) });
      }
    }).observe({ type: 'longtask' });
  });
  // The page itself is loaded first: its first tasks are not those of the lines.
  await page.goto('/stacks/flood');
  await page.getByRole('link', { name: 'Logs', exact: true }).hover();
  await page.waitForLoadState('networkidle').catch(() => {});
  const part = async (name, act) => {
    await page.evaluate(() => void globalThis.longTasks.splice(0));
    const began = Date.now();
    await act();
    const took = Date.now() - began;
    await page.waitForTimeout(300);
    const tasks = await page.evaluate(() => globalThis.longTasks);
    console.log(`${name}: ${took} ms, ${tasks.length} long tasks ${JSON.stringify(tasks)}`);
  };
  const grid = page.getByRole('grid');
  await part('arrive', async () => {
    await page.getByRole('link', { name: 'Logs', exact: true }).click();
    await page.getByText(LINES).waitFor({ timeout: 60_000 });
  });
  await part('search', async () => {
    await page.getByRole('searchbox').fill('id=9999');
    await page.getByText('11 lines').waitFor();
  });
  await part('clear', async () => {
    await page.getByRole('searchbox').fill('');
    await page.getByText(LINES).waitFor();
  });
  await part('scroll', async () => {
    for (let step = 1; step <= 40; step++) {
      await grid.evaluate(
        (it, share) => {
          it.scrollTop = it.scrollHeight * share;
        },
        1 - step / 40,
      );
      await page.waitForTimeout(30);
    }
  });
  const { nodes, heap } = await page.evaluate(() => ({
    nodes: document.querySelectorAll('*').length,
    heap: Math.round((performance.memory?.usedJSHeapSize ?? 0) / 1024 / 1024),
  }));
  console.log(`${nodes} elements, ${heap} MiB of heap`);
} finally {
  await browser.close();
  await server.close();
}
