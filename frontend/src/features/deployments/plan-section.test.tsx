import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import type { PlanLine } from '~/api/schema.gen';
import { deployment } from '~/test/fixtures';
import { story } from '~/test/story-fixtures';

import { Plan } from './plan-section';

const show = (part: Partial<Parameters<typeof deployment>[0]>, plan: PlanLine[] | null) =>
  render(<Plan deployment={{ ...story(deployment({ number: 7, ...part })), plan }} />);

const line = (text: string, state: PlanLine['state'] = 'done'): PlanLine => ({ text, state });

test('what is not planned yet is told apart from what never was, and from nothing to do', () => {
  const { unmount } = show({ phase: 'built', finished_at: null }, null);
  expect(screen.getByText(/^Not planned yet/)).toBeTruthy();
  unmount();
  const failed = show({ phase: 'failed' }, null);
  expect(screen.getByText(/^It was never planned/)).toBeTruthy();
  failed.unmount();
  show({}, []);
  expect(screen.getByText(/^Nothing to change/)).toBeTruthy();
});

test('each line says in words what is done, and whether it is', () => {
  show({ phase: 'failed' }, [
    line('+ service web nginx x2'),
    line('± replace network shop_back: other labels', 'open'),
    line('- service old', 'after'),
  ]);
  const texts = screen.getAllByRole('listitem').map(({ textContent }) => textContent);
  expect(texts).toEqual([
    'done: +make service web nginx x2',
    'not done: ±replace network shop_back: other labels',
    'afterwards: -remove service old',
  ]);
  expect(screen.getByText('1 of 2 done')).toBeTruthy();
  expect(screen.getByText('Once it has succeeded')).toBeTruthy();
});

test('a long plan is folded, and a press shows all of it', () => {
  show(
    {},
    Array.from({ length: 40 }, (_, at) => line(`+ service s${at} nginx x1`)),
  );
  expect(screen.getAllByRole('listitem')).toHaveLength(12);
  fireEvent.click(screen.getByRole('button', { name: 'Show 28 more' }));
  expect(screen.getAllByRole('listitem')).toHaveLength(40);
  expect(screen.getByText('40 lines, all done')).toBeTruthy();
});

test('one line more than is short is not worth a press', () => {
  show(
    {},
    Array.from({ length: 14 }, (_, at) => line(`+ service s${at} nginx x1`)),
  );
  expect(screen.getAllByRole('listitem')).toHaveLength(14);
});
