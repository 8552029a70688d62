import { expect, type Page } from '@playwright/test';

import type screens from '../tools/screens.json';

/** Opens one of the screens at the time that stands still, and waits until all of it is there. */
export async function open(page: Page, { path, press }: (typeof screens)[number]): Promise<void> {
  await page.clock.setFixedTime(new Date(process.env.STILL_CLOCK ?? ''));
  await page.goto(path);
  await page.locator('h1').waitFor();
  await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
  await expect(page.getByText('Connecting…')).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready);
  if (press) {
    await page.keyboard.press(press);
    await page.getByRole('dialog').waitFor();
  }
}
