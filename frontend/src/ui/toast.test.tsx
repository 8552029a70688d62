import { act, render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';

import { say } from './say';
import { Toasts } from './toast';

test('what was said before anything could show it is shown', async () => {
  say('Settings saved');
  render(<Toasts />);
  expect(await screen.findByText('Settings saved')).toBeDefined();
  act(() => say('Stack paused'));
  expect(await screen.findByText('Stack paused')).toBeDefined();
});
