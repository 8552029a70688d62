import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '..');
const files = readdirSync(SRC, { recursive: true })
  .map(String)
  .filter((name) => /\.(ts|tsx)$/.test(name) && !/\.(gen\.d|gen|test)\.tsx?$/.test(name))
  .map((name) => ({ name, text: readFileSync(join(SRC, name), 'utf8') }));
const production = files.filter(({ name }) => !name.startsWith('test/'));

const LAYERS = ['lib', 'ui', 'api', 'features', 'routes'];
const layer = (name: string) => LAYERS.indexOf(name.split('/', 1)[0] ?? '');

describe('the house rules', () => {
  it('finds the sources at all', () => {
    expect(production.length).toBeGreaterThan(50);
  });

  it.each([
    ['polls', /refetchInterval/],
    ['sets HTML', /dangerouslySetInnerHTML|\.innerHTML|insertAdjacentHTML/],
    ['needs test ids', /data-testid/],
    ['names a colour', /(?:text|bg|border)-(?:red|green|blue|gray|zinc|slate)-\d|#[0-9a-f]{6}\b/i],
    ['imports a mock', /from '[^']*(?:\/test\/|msw)/],
  ])('nothing %s', (_, pattern) => {
    expect(production.filter(({ text }) => pattern.test(text)).map(({ name }) => name)).toEqual([]);
  });

  it('imports go from routes down to lib, never up', () => {
    const wrong = production.flatMap(({ name, text }) =>
      [...text.matchAll(/from '~\/([^']+)'/g)]
        .filter(([, to]) => layer(name) >= 0 && layer(to ?? '') > layer(name))
        .map(([, to]) => `${name} → ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it('features do not import each other', () => {
    const wrong = production
      .filter(({ name }) => name.startsWith('features/'))
      .flatMap(({ name, text }) =>
        [...text.matchAll(/from '~\/features\/([^/']+)/g)]
          .filter(([, feature]) => feature !== name.split('/')[1])
          .map(([, feature]) => `${name} → ${feature}`),
      );
    expect(wrong).toEqual([]);
  });

  it('reduced motion takes transitions away, and gives nothing one that it had not', () => {
    const css = readFileSync(join(SRC, 'styles', 'app.css'), 'utf8');
    const reduced = /prefers-reduced-motion: reduce\) \{[^}]*\}/.exec(css)?.[0];
    // A duration for everything makes a transition of every change, of a list's height, too: whoever
    // reads it and scrolls to its end is a frame behind.
    expect(reduced).toContain('transition: none !important');
    expect(reduced).not.toContain('transition-duration');
  });

  it('files stay short', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 500);
    expect(long.map(({ name }) => name)).toEqual([]);
  });
});
