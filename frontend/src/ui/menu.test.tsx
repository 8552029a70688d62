import { fireEvent, render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';

test('a menu whose code did not come opens with the next press', async () => {
  vi.resetModules();
  const fail = vi.fn<() => never>(() => {
    throw new TypeError('Failed to fetch');
  });
  vi.doMock('./menu-parts', fail);
  const { Menu, MenuItem } = await import('./menu');
  render(
    <Menu trigger={<button type="button">More</button>}>
      <MenuItem>Restart…</MenuItem>
    </Menu>,
  );
  const more = () => screen.getByRole('button', { name: 'More' });
  fireEvent.click(more());
  await vi.waitFor(() => expect(fail).toHaveBeenCalledOnce());
  expect(more()).toHaveAttribute('aria-expanded', 'false');

  vi.doUnmock('./menu-parts');
  fireEvent.click(more());
  expect(await screen.findByRole('menuitem', { name: 'Restart…' })).toBeVisible();
});
