import { expect, test, type CDPSession, type Page } from '@playwright/test';

import screens from '../tools/screens.json' with { type: 'json' };
import { open } from './open';

/**
 * Where the Tab key leads on every screen, and what each stop is called, as a screen reader says it.
 * The order is kept in docs/screenshots/focus, to be read; `npm run shots` writes it anew. Every stop
 * has a name, is in sight with nothing in front of it, and shows that it has the focus (WCAG 2.4.3,
 * 2.4.7, 2.4.11).
 */

/** More stops than this are rows of a table like those before. */
const MOST = 60;

for (const screen of screens) {
  test(`focus: ${screen.name}`, async ({ page }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await open(page, screen);
    const tree = await page.context().newCDPSession(page);
    const stops: string[] = [];
    const faults: string[] = [];
    for (let within = 0; within < PARTS;) {
      await page.keyboard.press('Tab');
      const stop = await focused(page, tree);
      if (!stop || stop.seen || stops.length === MOST) break;
      if (stop.says === SKIP && screen.name !== 'stacks') {
        await page.keyboard.press('Enter');
        continue;
      }
      within = stop.within ? within + 1 : 0;
      if (stop.within) continue;
      stops.push(stop.says);
      faults.push(...stop.faults.map((fault) => `${stop.says} ${fault}`));
    }
    expect.soft(faults).toEqual([]);
    expect(stops.map((stop) => `${stop}\n`).join('')).toMatchSnapshot([
      'focus',
      `${screen.name}.txt`,
    ]);
  });
}

/** As many stops as a date has within. Where it goes on there is nothing else to come to. */
const PARTS = 8;

/** What comes before the content is the same on every screen, and kept with the first. */
const SKIP = 'link “Skip to the content”';

type Stop = { says: string; faults: string[]; seen: boolean; within: boolean };

/** What has the focus; nothing where that is the browser itself. */
async function focused(page: Page, tree: CDPSession): Promise<Stop | null> {
  const at = await page.evaluate(async () => {
    // A dialog sends the focus on from its ends, and the page scrolls to where it is.
    await new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body) return null;
    // The parts of a date are stops within one field.
    const within = element.dataset.focusSeen === 'last';
    const seen = element.dataset.focusSeen !== undefined && !within;
    document.querySelector('[data-focus-seen=last]')?.setAttribute('data-focus-seen', '');
    element.dataset.focusSeen = 'last';
    const box = element.getBoundingClientRect();
    // What stands for a field is in its label.
    const inside = (x: number, y: number) => {
      const top = document.elementFromPoint(x, y);
      return top && (element.contains(top) || top.closest('label')?.contains(element));
    };
    const middle = [box.left + box.width / 2, box.top + box.height / 2] as const;
    const corner = [box.left + 2, box.top + 2] as const;
    const typed = element instanceof HTMLInputElement && /^(text|search)$/.test(element.type);
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    const faults = [
      !inside(...middle) &&
        !inside(...corner) &&
        `is out of sight, behind ${document.elementFromPoint(...middle)?.outerHTML.slice(0, 120) ?? 'nothing'}`,
      (outlineStyle === 'none' || outlineWidth === '0px') &&
        boxShadow === 'none' &&
        // A caret blinks there.
        !typed &&
        'does not show that it has the focus',
    ];
    return { seen, within, faults: faults.filter((fault) => fault !== false) };
  });
  if (!at) return null;
  const { result } = await tree.send('Runtime.evaluate', { expression: 'document.activeElement' });
  const { nodes } = await tree.send('Accessibility.getPartialAXTree', {
    objectId: result.objectId ?? '',
    fetchRelatives: false,
  });
  const [node] = nodes;
  const role = String(node?.role?.value ?? 'nothing');
  const name = String(node?.name?.value ?? '').trim();
  const state = (node?.properties ?? [])
    .filter(
      ({ name: key, value }) => STATES.has(key) && value.value !== false && value.value !== 'false',
    )
    .map(({ name: key, value }) => (value.value === true ? key : `${key}=${String(value.value)}`));
  const says = [role, `“${name}”`, ...state].join(' ');
  if (name === '') at.faults.push('has no name');
  return { says, ...at };
}

const STATES = new Set(['disabled', 'checked', 'pressed', 'expanded', 'selected', 'invalid']);
