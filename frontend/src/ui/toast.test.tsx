import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
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

test('what can be taken back has an Undo, which says what came of it', async () => {
  render(<Toasts />);
  const undo = vi.fn<() => Promise<void>>().mockResolvedValue();
  act(() => say('shop is paused', undo));
  fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
  expect(await screen.findByText('Undone')).toBeDefined();
  expect(undo).toHaveBeenCalledOnce();
  await waitFor(() => expect(screen.queryByText('shop is paused')).toBeNull());

  undo.mockRejectedValue(new Error('It is being removed.'));
  act(() => say('blog is paused', undo));
  fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
  const why = 'That could not be undone: It is being removed.';
  expect(await screen.findByText(why)).toBeDefined();
});

test('what can not be taken back has none', async () => {
  render(<Toasts />);
  act(() => say('Token revoked'));
  expect(await screen.findByText('Token revoked')).toBeDefined();
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
});
