import { chromium } from '@playwright/test';
import { preview } from 'vite';
const server = await preview({ mode: 'mock', preview: { port: 0, open: false } });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu','--force-color-profile=srgb'] });
const shots = [['plan','/stacks/shop/deployments/143',1360,'light'],['plan','/stacks/shop/deployments/142',1360,'dark'],['plan360','/stacks/shop/deployments/143',360,'dark'],['waiting','/stacks/shop-staging/deployments/58',1360,'light'],['rule','/rules/0191f6a0-0000-7000-8000-00000000d001',1360,'dark'],['rule360','/rules/new',360,'light']];
for (const [name,path,width,theme] of shots) {
  const ctx = await browser.newContext({ baseURL: server.resolvedUrls.local[0], viewport: { width, height: 1500 }, colorScheme: theme, reducedMotion: 'reduce' });
  const page = await ctx.newPage(); await page.goto(path); await page.locator('h1').waitFor(); await page.waitForTimeout(800);
  await page.screenshot({ path: `/tmp/plan-${name}-${theme}.png`, fullPage: true });
  console.log(name, await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])); await ctx.close();
}
await browser.close(); await server.close();
