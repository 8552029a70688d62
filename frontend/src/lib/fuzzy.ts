/**
 * How well `text` answers what was typed: the letters in order, anywhere; more where they begin a
 * word or stand together, less where the text is long. `null` where a letter is missing.
 */
export function score(typed: string, text: string): number | null {
  const letters = typed.toLowerCase().replaceAll(/\s+/g, '');
  if (letters === '') return 0;
  const hay = text.toLowerCase();
  const whole = hay.indexOf(typed.trim().toLowerCase());
  if (whole >= 0) return 1_000 - text.length + (whole === 0 ? 500 : starts(hay, whole) ? 250 : 0);
  const ways = [walk(letters, hay, false), walk(letters, hay, true)].filter((it) => it !== null);
  if (ways.length > 0) return Math.max(...ways) - text.length / 10;
  // Several words are looked for in any order.
  const words = typed.trim().split(/\s+/);
  if (words.length < 2) return null;
  const each = words.map((word) => score(word, text));
  return each.includes(null) ? null : Math.min(...each.map(Number)) / 2;
}

/** One way through the text; `leap` goes to the next word's beginning where that has the letter. */
function walk(letters: string, hay: string, leap: boolean): number | null {
  let total = 0;
  let from = 0;
  for (const letter of letters) {
    let at = hay.indexOf(letter, from);
    if (at < 0) return null;
    if (leap && at !== from) {
      let word = at;
      while (word >= 0 && !starts(hay, word)) word = hay.indexOf(letter, word + 1);
      if (word >= 0) at = word;
    }
    total += starts(hay, at) ? 20 : at === from ? 10 : 1;
    from = at + 1;
  }
  return total;
}

function starts(text: string, at: number): boolean {
  return at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? '');
}

/** What matches, best first; what is as good stays in its order. */
export function best<T>(typed: string, items: readonly T[], text: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, points: score(typed, text(item)) }))
    .filter((it): it is { item: T; points: number } => it.points !== null)
    .toSorted((a, b) => b.points - a.points)
    .map(({ item }) => item);
}
