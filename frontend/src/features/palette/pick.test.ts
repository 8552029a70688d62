import { describe, expect, it } from 'vitest';

import { pick, type Item } from './pick';

const item = (group: Item['group'], label: string, aside?: string): Item => ({
  id: `${group}-${label}`,
  group,
  label,
  aside,
  leads: true,
  run: () => {},
});

const shown = (typed: string, items: readonly Item[]) =>
  pick(typed, items).map(({ title, items: found }) => [title, ...found.map(({ label }) => label)]);

const ITEMS = [
  item('Settings', 'GitHub'),
  item('Stacks', 'shop'),
  item('Previews', 'shop-pr-214', 'acme/shop #214'),
  item('Here', 'Redeploy shop'),
  item('Go to', 'Stacks'),
];

describe('pick', () => {
  it('offers the page’s own acts first where nothing was typed', () => {
    expect(shown('', ITEMS).map(([title]) => title)).toEqual([
      'Here',
      'Go to',
      'Stacks',
      'Previews',
      'Settings',
    ]);
  });

  it('puts the group with the best answer first', () => {
    expect(shown('shop', ITEMS)).toEqual([
      ['Stacks', 'shop'],
      ['Previews', 'shop-pr-214'],
      ['Here', 'Redeploy shop'],
    ]);
  });

  it('finds a preview by its pull request', () => {
    expect(shown('#214', ITEMS)).toEqual([['Previews', 'shop-pr-214']]);
  });

  it('shows only so many of a group', () => {
    const many = Array.from({ length: 30 }, (_, n) => item('Stacks', `stack-${n}`));
    expect(pick('stack', many)[0]?.items).toHaveLength(8);
  });
});
