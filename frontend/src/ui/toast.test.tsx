import { act, render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';

import { say, whenWaiting } from './say';
import { Toasts } from './toast';

test('what was said before anything could show it is shown', async () => {
  say('Settings saved');
  render(<Toasts />);
  expect(await screen.findByText('Settings saved')).toBeDefined();
  act(() => say('Stack paused'));
  expect(await screen.findByText('Stack paused')).toBeDefined();
});

test('what is said while nothing shows it asks for what would, each time', () => {
  const want = vi.fn<() => void>();
  const leave = whenWaiting(want);
  say('Rule saved');
  say('Rule removed');
  expect(want).toHaveBeenCalledTimes(2);
  const { unmount } = render(<Toasts />);
  act(() => say('Token made'));
  expect(want).toHaveBeenCalledTimes(2);
  unmount();
  leave();
  say('Nobody asks any more');
  expect(want).toHaveBeenCalledTimes(2);
});
