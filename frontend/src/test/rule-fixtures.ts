import type { RuleDraft, RuleMatch, RuleReplay } from '../api/schema.gen';
import { deliveries } from './delivery-fixtures.ts';

/** Not the server's patterns: enough of them that a draft shows both faces. */
export function ruleMatches(draft: Pick<RuleDraft, 'event' | 'refs'>): RuleMatch[] {
  const all = [
    { kind: 'pull_request', name: 'feat/cart-v2', number: 214, title: 'Rework the cart' },
    { kind: 'pull_request', name: 'feat/<img src=x>', number: 221, title: '<b>New</b> header' },
    { kind: 'branch', name: 'main', number: null, title: null },
    { kind: 'branch', name: 'develop', number: null, title: null },
    { kind: 'branch', name: 'release/2026.11', number: null, title: null },
  ] as const;
  return all.map((it) => {
    const kind = it.kind === 'branch' ? 'push' : it.kind;
    const base = it.kind === 'branch' ? it.name : 'main';
    const refs = draft.refs ?? [];
    const noun = it.kind === 'branch' ? 'branch' : 'base branch';
    const matched = kind === draft.event && (refs.length === 0 || refs.includes(base));
    const why = matched
      ? refs.length === 0
        ? `any ${noun} matches`
        : `${noun} \`${base}\` matches \`${base}\``
      : kind === draft.event
        ? `${noun} \`${base}\` matches none of ${refs.map((ref) => `\`${ref}\``).join(', ')}`
        : `it listens to ${draft.event === 'tag' ? 'tags' : draft.event === 'push' ? 'pushes to branches' : 'pull requests'}`;
    const name = it.number === null ? 'production' : `pr-${it.number}`;
    return {
      ...it,
      matched,
      reason: why,
      environment: matched ? name : null,
      host: matched ? (it.number === null ? 'shop.example.com' : `${name}.shop.example.com`) : null,
    };
  });
}

/** What a draft would have made of the deliveries that rules are asked about. */
export function ruleReplay(draft: Pick<RuleDraft, 'event' | 'refs'>): RuleReplay[] {
  const refs = draft.refs ?? [];
  return deliveries
    .filter(({ event }) => event === 'push' || event === 'pull_request')
    .map((delivery) => {
      const pull = delivery.event === 'pull_request';
      const branch = delivery.git_ref?.replace('refs/heads/', '') ?? '';
      const base = pull ? 'main' : branch;
      const noun = pull ? 'base branch' : 'branch';
      const listens = draft.event === (pull ? 'pull_request' : 'push');
      const matched = listens && (refs.length === 0 || refs.includes(base));
      const why = !listens
        ? `it listens to ${draft.event === 'push' ? 'pushes to branches' : 'pull requests'}`
        : matched
          ? `${noun} \`${base}\` matches \`${refs[0] ?? base}\``
          : `${noun} \`${base}\` matches none of ${refs.map((ref) => `\`${ref}\``).join(', ')}`;
      const name = pull ? 'pr-214' : 'production';
      return {
        delivery,
        happened: pull ? 'mira pushed to pull request 214' : `mira pushed to ${branch}`,
        verdict: matched ? (pull ? 'previews' : 'deploys') : 'ignored',
        reason: why,
        environment: matched ? name : null,
        host: matched ? (pull ? `${name}.shop.example.com` : 'shop.example.com') : null,
      };
    });
}
