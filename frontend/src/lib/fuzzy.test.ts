import { describe, expect, it } from 'vitest';

import { best, score } from './fuzzy';

describe('score', () => {
  it('wants every letter, in order', () => {
    expect(score('shp', 'shop')).not.toBeNull();
    expect(score('phs', 'shop')).toBeNull();
    expect(score('', 'shop')).toBe(0);
  });

  it('overlooks case and blanks', () => {
    expect(score('API tok', 'Settings: API tokens')).not.toBeNull();
    expect(score('new RULE', 'New rule')).not.toBeNull();
  });
});

describe('best', () => {
  const order = (typed: string, ...texts: string[]) => best(typed, texts, (text) => text);

  it('puts what begins with it before what holds it, and that before scattered letters', () => {
    expect(order('sho', 'search-on', 'workshop', 'the shop', 'shop', 'docs')).toEqual([
      'shop',
      'the shop',
      'workshop',
      'search-on',
    ]);
  });

  it('finds words by their first letters', () => {
    expect(order('spr', 'shape-remover', 'shop-pr-214')[0]).toBe('shop-pr-214');
  });

  it('finds several words in any order', () => {
    expect(order('settings tok', 'API tokens Settings', 'Settings')).toEqual([
      'API tokens Settings',
    ]);
  });

  it('keeps the order where nothing was typed', () => {
    expect(order('', 'b', 'a')).toEqual(['b', 'a']);
  });
});
