import { expect, test } from 'vitest';

import { firstPush } from './first-push';

type Asked = Parameters<typeof firstPush>[0];
const rule = (part: Partial<Asked> = {}): Asked => ({
  event: 'push',
  refs: ['main'],
  paths: [],
  ...part,
});

test('a rule for a branch says the command that makes it deploy', () => {
  expect(firstPush(rule())).toEqual({
    what: 'Push to `main`. A commit without a change will do:',
    command: 'git commit --allow-empty -m "Deploy" && git push origin main',
  });
  // What is left out is no branch to push to, and a pattern is none either.
  expect(firstPush(rule({ refs: ['!dev', 'release/*', 'next'] })).command).toMatch(/origin next$/);
});

test('where the rule looks at paths, a commit without a change would not do', () => {
  expect(firstPush(rule({ paths: ['src/**', 'compose.yaml'] }))).toEqual({
    what: 'Push to `main`, with a change of `src/**` or `compose.yaml`:',
    command: 'git push origin main',
  });
});

test('where it can’t be known what to push, no command is made up', () => {
  expect(firstPush(rule({ refs: ['release/*'] }))).toEqual({
    what: 'Push to a branch that matches `release/*`.',
  });
  expect(firstPush(rule({ refs: [] }))).toEqual({ what: 'Push to a branch.' });
  expect(firstPush(rule({ event: 'tag', refs: ['v*', '!v*-rc*'] }))).toEqual({
    what: 'Push a tag that matches `v*`.',
  });
});

test('a rule for pull requests waits for one, into the branches that it names', () => {
  expect(firstPush(rule({ event: 'pull_request', refs: [] }))).toEqual({
    what: 'Open a pull request.',
  });
  expect(firstPush(rule({ event: 'pull_request', paths: ['src/**'] })).what).toBe(
    'Open a pull request into a branch that matches `main`, with a change of `src/**`.',
  );
});
