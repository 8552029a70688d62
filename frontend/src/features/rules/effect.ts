/**
 * What a rule matches in numbers, and what a change of it would change of that. Plain functions
 * over the server's answers: what matches, the server alone decides.
 */
import type { CandidateKind, RuleMatch } from '~/api/schema.gen';
import { count } from '~/lib/text';

const KINDS = {
  branch: ['branch', 'branches'],
  tag: ['tag', 'tags'],
  pull_request: ['pull request', 'pull requests'],
} satisfies Record<CandidateKind, [one: string, many: string]>;

/** “2 branches”, “1 branch, 3 pull requests”; “nothing” where nothing matches. */
export function matchedWords(items: readonly RuleMatch[]): string {
  const words = Object.entries(KINDS).flatMap(([kind, [one, many]]) => {
    const number = items.filter((it) => it.matched && it.kind === kind).length;
    return number > 0 ? [count(number, one, many)] : [];
  });
  return words.join(', ') || 'nothing';
}

/** One of `moves` matches before and after, and its deployments would go elsewhere. */
export type Effect = {
  begins: RuleMatch[];
  ceases: RuleMatch[];
  moves: { from: RuleMatch; to: RuleMatch }[];
};

const keyOf = ({ kind, name, number }: RuleMatch): string => `${kind} ${number ?? name}`;

/** What would match instead of what matches. What only one of the two lists is not in the other. */
export function effectOf(before: readonly RuleMatch[], after: readonly RuleMatch[]): Effect {
  const matching = (items: readonly RuleMatch[]) =>
    new Map(items.filter(({ matched }) => matched).map((item) => [keyOf(item), item]));
  const was = matching(before);
  const is = matching(after);
  return {
    begins: [...is].flatMap(([key, item]) => (was.has(key) ? [] : [item])),
    ceases: [...was].flatMap(([key, item]) => (is.has(key) ? [] : [item])),
    moves: [...is].flatMap(([key, to]) => {
      const from = was.get(key);
      return from && (from.environment !== to.environment || from.host !== to.host)
        ? [{ from, to }]
        : [];
    }),
  };
}

/** The effect in a sentence, to stand beside the button that brings it about. */
export function effectSentence({ begins, ceases, moves }: Effect): string {
  const parts = [
    verb(begins.length, 'begins to match', 'begin to match'),
    verb(ceases.length, 'ceases to match', 'cease to match'),
    verb(moves.length, 'is deployed elsewhere', 'are deployed elsewhere'),
  ].filter(Boolean);
  return parts.length > 0
    ? `Once saved, ${new Intl.ListFormat('en').format(parts)}`
    : 'Once saved, the same ones match';
}

const verb = (number: number, one: string, many: string): string =>
  number === 0 ? '' : count(number, one, many);
