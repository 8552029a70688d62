import { expect, test, type Page } from '@playwright/test';

import screens from '../tools/screens.json' with { type: 'json' };
import { open } from './open';
import { decode, encode } from './png';
import { pictures, SHOWN } from './sizes';

/** Every screen looks as its pictures in docs/screenshots show; `npm run shots` takes them anew. */

/** A picture of this many pixels that differ is of the same page. */
const TOLERATED = 10;

for (const screen of screens) {
  const { name, press } = screen;
  test(name, async ({ page }) => {
    await open(page, screen);
    for (const { file, size, theme } of pictures(screen)) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.setViewportSize(size);
      const shot = await still(page, size !== SHOWN && !press);
      const small = encode(decode(shot), size === SHOWN ? 256 : 128);
      expect.soft(small).toMatchSnapshot(file, { maxDiffPixels: TOLERATED });
    }
  });
}

/** The page once it does not change any more. */
async function still(page: Page, whole: boolean): Promise<Buffer> {
  const take = () => page.screenshot({ animations: 'disabled', caret: 'hide', fullPage: whole });
  let last = await take();
  for (let turn = 0; turn < 20; turn++) {
    const next = await take();
    if (next.equals(last)) return next;
    last = next;
  }
  throw new Error('the page does not come to rest');
}
