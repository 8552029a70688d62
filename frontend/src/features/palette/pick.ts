import { best, score } from '~/lib/fuzzy';

/** One line of the palette. */
export type Item = {
  id: string;
  group: 'Here' | 'Stacks' | 'Previews' | 'Go to' | 'Settings' | 'Actions';
  label: string;
  /** What else it is found by, and shown beside it. */
  aside?: string | undefined;
  keys?: string | undefined;
  /** Whether it leads to another page. */
  leads: boolean;
  run: () => void;
};

export type Group = { title: Item['group']; items: Item[] };

/** The groups in the order that they have before anything was typed. */
const ORDER: readonly Item['group'][] = [
  'Here',
  'Go to',
  'Stacks',
  'Previews',
  'Actions',
  'Settings',
];

/** How many of one group are shown: more is for the list itself. */
const MOST = 8;

const text = (item: Item) => `${item.label} ${item.aside ?? ''}`;

/** What of `items` answers what was typed, grouped; the group with the best answer first. */
export function pick(typed: string, items: readonly Item[]): Group[] {
  const groups = ORDER.map((title) => ({
    title,
    items: best(
      typed,
      items.filter(({ group }) => group === title),
      text,
    ).slice(0, MOST),
  })).filter((group) => group.items.length > 0);
  const top = ({ items: [first] }: Group) => (first ? (score(typed, text(first)) ?? 0) : 0);
  return groups.toSorted((a, b) => top(b) - top(a));
}
