import { describe, expect, it } from 'vitest';

import type { RuleMatch } from '~/api/schema.gen';

import { effectOf, effectSentence, matchedWords } from './effect';

function match(name: string, part: Partial<RuleMatch> = {}): RuleMatch {
  const matched = part.matched ?? true;
  return {
    kind: 'branch',
    name,
    number: null,
    title: null,
    matched,
    reason: '',
    environment: matched ? 'production' : null,
    host: matched ? 'shop.localhost' : null,
    ...part,
  };
}
const pull = (number: number, part: Partial<RuleMatch> = {}) =>
  match('feature', { kind: 'pull_request', number, title: 'A feature', ...part });
const named = (items: readonly RuleMatch[]) => items.map(({ name, number }) => number ?? name);

describe('what a rule matches', () => {
  it('is counted by kind, and what does not match is not counted', () => {
    expect(matchedWords([match('main'), match('develop', { matched: false })])).toBe('1 branch');
    expect(matchedWords([pull(7), match('main'), pull(8)])).toBe('1 branch, 2 pull requests');
    expect(matchedWords([match('v1', { kind: 'tag' })])).toBe('1 tag');
  });

  it('may be nothing', () => {
    expect(matchedWords([match('main', { matched: false })])).toBe('nothing');
    expect(matchedWords([])).toBe('nothing');
  });
});

describe('what saving changes', () => {
  it('is what begins, what ceases and what is deployed elsewhere', () => {
    const before = [match('main'), match('old'), match('stays'), match('new', { matched: false })];
    const after = [
      match('main', { environment: 'staging' }),
      match('old', { matched: false }),
      match('stays'),
      match('new'),
    ];
    const { begins, ceases, moves } = effectOf(before, after);
    expect([named(begins), named(ceases)]).toEqual([['new'], ['old']]);
    expect(moves.map(({ from, to }) => [from.environment, to.environment])).toEqual([
      ['production', 'staging'],
    ]);
  });

  it('tells pull requests apart that come from branches of one name', () => {
    const { begins, ceases } = effectOf([pull(7)], [pull(7, { matched: false }), pull(8)]);
    expect([named(begins), named(ceases)]).toEqual([[8], [7]]);
  });

  it('counts tags, which only a rule about tags is asked about', () => {
    const { begins, ceases } = effectOf([match('main')], [match('v1', { kind: 'tag' })]);
    expect([named(begins), named(ceases)]).toEqual([['v1'], ['main']]);
  });

  it('is told in a sentence', () => {
    const of = (begins: number, ceases: number, moves: number) =>
      effectSentence({
        begins: Array.from({ length: begins }, () => match('a')),
        ceases: Array.from({ length: ceases }, () => match('b')),
        moves: Array.from({ length: moves }, () => ({ from: match('c'), to: match('c') })),
      });
    expect(of(0, 0, 0)).toBe('Once saved, the same ones match');
    expect(of(1, 0, 0)).toBe('Once saved, 1 begins to match');
    expect(of(2, 1, 0)).toBe('Once saved, 2 begin to match and 1 ceases to match');
    expect(of(1, 2, 1)).toBe(
      'Once saved, 1 begins to match, 2 cease to match, and 1 is deployed elsewhere',
    );
  });
});
