import { render, screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';

import { stack, stacks } from '~/test/fixtures';

import { byObject } from './by-object';
import { Diff } from './diff-page';
import { whatNext } from './what-next';

const drifted = stacks.find(({ name }) => name === 'shop-staging');

describe('what differs', () => {
  it('is said in sentences, and then object by object', () => {
    if (!drifted) throw new Error('no stack of the fixtures has drifted');
    render(<Diff stack={drifted} />);
    const { differences } = drifted;
    expect(screen.getByText(`${differences.length} differences`, { exact: false })).toBeVisible();
    const list = screen.getByRole('list');
    expect(within(list).getAllByRole('listitem')).toHaveLength(differences.length);
    expect(list).toHaveTextContent('Service web runs 5 replicas; its release says 3');

    const web = screen.getByRole('table', { name: 'Service web' });
    const [, replicas, env, label] = within(web).getAllByRole('row');
    expect(replicas).toHaveTextContent('replicas35');
    expect(env).toHaveTextContent('env.DEBUG••• hidden••• hidden');
    expect(label).toHaveTextContent('labels.hotfixNot asked for');
    const network = screen.getByRole('table', { name: 'Network shop-staging_back' });
    expect(network).toHaveTextContent('EverythingPresentMissing');
    expect(screen.getByText('Values that may be secret are hidden.')).toBeVisible();
  });

  it('is nothing where the stack is synced, not yet seen or on its way out', () => {
    const said = (part: Parameters<typeof stack>[1]) => {
      const { container, unmount } = render(<Diff stack={stack('docs', part)} />);
      const text = container.textContent;
      unmount();
      return text;
    };
    expect(said({})).toMatch(/^Nothing differs/);
    expect(said({ observed_at: null })).toMatch(/^Nothing to compare yet/);
    expect(said({ wanted: 'absent' })).toMatch(/^Nothing to compareThis stack is being removed/);
  });

  it('says what becomes of it', () => {
    const next = (part: Parameters<typeof stack>[1]) => whatNext(stack('docs', part));
    expect(next({})).toBe('The next check puts this right.');
    expect(next({ deploying: true })).toMatch(/^A deployment/);
    expect(next({ paused: { by: 'Ada', at: '2026-01-01T00:00:00Z' } })).toMatch(/^Ada paused/);
    expect(next({ settings: { ...stack('docs').settings, drift: 'show' } })).toMatch(
      /only shows drift/,
    );
    expect(next({ message: 'something else changes service `web` each time' })).toBe(
      'Berth has tried.',
    );
  });

  it('belongs to objects', () => {
    expect(byObject(drifted?.differences ?? []).map(({ name, all }) => [name, all.length])).toEqual(
      [
        ['web', 3],
        ['shop-staging_back', 1],
      ],
    );
    expect(byObject([])).toEqual([]);
  });
});
