import { describe, expect, it, test } from 'vitest';

import { rule } from '~/test/fixtures';

import {
  baseDomain,
  emptyForm,
  patterns,
  schemeOf,
  story,
  switchEvent,
  toDraft,
  toForm,
} from './draft';

describe('the form of a rule', () => {
  it('gives back what it was made from', () => {
    const original = rule({ refs: ['main', '!wip/**'], paths: ['src/**'] });
    expect(toDraft(toForm(original))).toEqual({
      repository_id: 41,
      name: 'production',
      event: 'push',
      refs: ['main', '!wip/**'],
      paths: ['src/**'],
      environment: 'production',
      compose_file: 'compose.yaml',
      on_registry_failure: 'fail',
      priority: 'normal',
      at_once: null,
      host: '{{app}}.example.com',
      policy: 'trusted',
      enabled: true,
    });
  });

  it('takes no number as no limit, and leaves what is none to the server', () => {
    const form = toForm(rule({ at_once: 3, priority: 'high' }));
    expect(toDraft(form)).toMatchObject({ at_once: 3, priority: 'high' });
    expect(toDraft({ ...form, at_once: ' ' }).at_once).toBeNull();
    expect(toDraft({ ...form, at_once: '0' }).at_once).toBe(0);
  });

  it('reads one pattern a line', () => {
    expect(patterns(' main \n\n  release/*\r\n')).toEqual(['main', 'release/*']);
  });

  it('swaps defaults with the event, and keeps what was typed', () => {
    const form = { ...emptyForm('push', '41', 'localhost'), host: 'mine.example.com' };
    const next = switchEvent(form, 'pull_request', 'localhost');
    expect(next).toMatchObject({
      event: 'pull_request',
      environment: 'pr-{{number}}',
      name: 'previews',
      host: 'mine.example.com',
    });
  });

  it('restricts pull requests, and keeps no trust that was given to another event', () => {
    const push = emptyForm('push', '41', 'localhost');
    expect(push.policy).toBe('trusted');
    expect(switchEvent(push, 'pull_request', 'localhost').policy).toBe('restricted');
    const chosen = { ...emptyForm('tag', '41', 'localhost'), policy: 'restricted' as const };
    expect(toDraft(chosen).policy).toBe('restricted');
  });
});

describe('baseDomain', () => {
  it.each([
    ['https://berth.example.com', 'example.com'],
    ['https://example.com', 'example.com'],
    ['http://localhost:8080', 'localhost'],
    ['http://10.0.0.4:8080', 'localhost'],
    ['http://[::1]:8080', 'localhost'],
    ['', 'localhost'],
  ])('of %s is %s', (url, domain) => {
    expect(baseDomain(url)).toBe(domain);
  });
});

test('addresses begin as that of this Berth does', () => {
  expect(schemeOf('https://berth.example.com')).toBe('https://');
  expect(schemeOf('http://10.0.0.4:8080')).toBe('http://');
  expect(schemeOf('')).toBe('');
});

describe('story', () => {
  const repository = { name: 'shop', full_name: 'acme/shop' };

  it('tells a rule with an example', () => {
    const form = emptyForm('pull_request', '41', 'localhost');
    expect(story(form, repository)).toEqual({
      when: 'A pull request into any branch of acme/shop',
      filter: '',
      environment: 'pr-7',
      host: 'pr-7.shop.localhost',
    });
  });

  it('leaves a name that it does not know as it is', () => {
    const form = { ...emptyForm('push', '41', 'localhost'), host: '{{brnch}}.{{ app }}.x' };
    expect(story(form, repository).host).toBe('{{brnch}}.shop.x');
  });
});
