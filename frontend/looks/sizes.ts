/** How wide a page is looked at. The pictures of 1360 are those of docs/screenshots, in both themes. */
export const SHOWN = { width: 1360, height: 860 } as const;

/** The other widths take turns with the themes, beginning with one that the screen's name decides. */
export const WIDTHS = [
  { width: 360, height: 740 },
  { width: 768, height: 1024 },
  { width: 2560, height: 1440 },
] as const;

export const THEMES = ['light', 'dark'] as const;

/** As tools/screens.json has them: a page, what a key opens over one, or a state of a page. */
type Screen = { name: string; route?: string; press?: string };

/**
 * The pictures of a screen: the file of each, and how it is taken. A state of a page that is looked
 * at in every width is shown once in each theme.
 */
export function pictures({ name, route, press }: Screen) {
  const first = Array.from(name, (letter) => letter.charCodeAt(0)).reduce(
    (sum, code) => sum + code,
    0,
  );
  return [
    ...THEMES.map((theme) => ({ file: [`${name}-${theme}.png`], size: SHOWN, theme })),
    ...(route || press ? WIDTHS : []).map((size, turn) => ({
      file: ['widths', `${name}-${size.width}.png`],
      size,
      theme: THEMES[(first + turn) % 2] ?? 'light',
    })),
  ];
}
