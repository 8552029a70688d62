// Takes a picture of every screen of screens.json in both themes, from the built
// UI and the API in memory, into docs/screenshots. A unit test says when a
// screen has no picture, or a picture no screen.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from '@playwright/test';
import { preview } from 'vite';

const folder = fileURLToPath(new URL('../../docs/screenshots', import.meta.url));
const screens = JSON.parse(readFileSync(new URL('./screens.json', import.meta.url), 'utf8'));
const only = process.argv[2] ?? '';

const server = await preview({ mode: 'mock', preview: { port: 0, open: false } });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb'],
});
try {
  for (const theme of ['light', 'dark']) {
    const context = await browser.newContext({
      baseURL: server.resolvedUrls.local[0],
      viewport: { width: 1360, height: 860 },
      colorScheme: theme,
      reducedMotion: 'reduce',
    });
    for (const { name, path, press } of screens.filter((it) => it.name.includes(only))) {
      const page = await context.newPage();
      await page.goto(path);
      await page.locator('h1').waitFor();
      await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
      await page.evaluate(() => document.fonts.ready);
      if (press) {
        await page.keyboard.press(press);
        await page.getByRole('dialog').waitFor();
      }
      await page.screenshot({ path: join(folder, `${name}-${theme}.png`), caret: 'hide' });
      await page.close();
    }
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}

const wanted = new Set(screens.flatMap(({ name }) => [`${name}-light.png`, `${name}-dark.png`]));
for (const file of readdirSync(folder)) if (!wanted.has(file)) rmSync(join(folder, file));
