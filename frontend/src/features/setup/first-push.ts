import type { Rule } from '~/api/schema.gen';

/** What has to happen for a rule to deploy the first time, and the command for it, if there is one. */
export function firstPush(rule: Pick<Rule, 'event' | 'refs' | 'paths'>): {
  what: string;
  command?: string;
} {
  const wanted = rule.refs.filter((ref) => !ref.startsWith('!'));
  const matching = wanted.length > 0 ? ` that matches ${said(wanted)}` : '';
  const changes = rule.paths.length > 0 ? said(rule.paths) : '';
  const changing = changes && `, with a change of ${changes}`;
  if (rule.event === 'pull_request') {
    const into = matching && ` into a branch${matching}`;
    return { what: `Open a pull request${into}${changing}.` };
  }
  if (rule.event === 'tag') return { what: `Push a tag${matching}${changing}.` };
  const branch = wanted.find((ref) => !/[*?[\]{}\\]/.test(ref));
  if (!branch) return { what: `Push to a branch${matching}${changing}.` };
  if (changes) return { what: `Push to ${said([branch])}${changing}:`, command: push(branch) };
  return {
    what: `Push to ${said([branch])}. A commit without a change will do:`,
    command: `git commit --allow-empty -m "Deploy" && ${push(branch)}`,
  };
}

const push = (branch: string) => `git push origin ${branch}`;
const said = (patterns: readonly string[]) => patterns.map((it) => `\`${it}\``).join(' or ');
