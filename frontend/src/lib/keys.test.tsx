import { fireEvent, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { overlay } from './acts';
import { chooseSingleKeys, useShortcuts } from './keys';

const go = vi.fn<(letter: string) => boolean>();

function Page() {
  useShortcuts(go);
  return (
    <main>
      <input aria-label="name" />
      <table>
        <tbody>
          {['one', 'two'].map((name) => (
            <tr key={name}>
              <td>
                <a href={`/${name}`}>{name}</a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </main>
  );
}

/** The page, with something beside it. */
function Beside({ children }: { children: ReactNode }) {
  return (
    <>
      <Page />
      {children}
    </>
  );
}

beforeEach(() => {
  overlay.set(null);
  chooseSingleKeys(true);
  go.mockReturnValue(true);
});

const press = (key: string, more: object = {}, target: Element = document.body) =>
  fireEvent.keyDown(target, { key, ...more });

describe('the shortcuts', () => {
  it('open the palette by Ctrl K from everywhere, fields included', () => {
    const { getByLabelText } = render(<Page />);
    press('k', { ctrlKey: true }, getByLabelText('name'));
    expect(overlay.get()).toBe('palette');
    press('k', { metaKey: true });
    expect(overlay.get()).toBeNull();
  });

  it('wait for a dialog, and not for a toast, which is one that keeps nobody', () => {
    const { rerender } = render(<div role="dialog" aria-modal="false" />, { wrapper: Beside });
    press('k', { ctrlKey: true });
    expect(overlay.get()).toBe('palette');
    overlay.set(null);
    rerender(<div role="dialog" />);
    press('k', { ctrlKey: true });
    expect(overlay.get()).toBeNull();
  });

  it('open the palette by a slash where the page has no filter', () => {
    render(<Page />);
    press('/');
    expect(overlay.get()).toBe('palette');
  });

  it('leave what is typed into a field alone', () => {
    const { getByLabelText } = render(<Page />);
    for (const key of ['?', '/', 'g', 's']) press(key, {}, getByLabelText('name'));
    expect(overlay.get()).toBeNull();
    expect(go).not.toHaveBeenCalled();
  });

  it('go to a page by two keys, and by two only', () => {
    render(<Page />);
    press('s');
    expect(go).not.toHaveBeenCalled();
    press('g');
    press('s');
    press('s');
    expect(go.mock.calls).toEqual([['s']]);
  });

  it('walk the rows, and stop at the ends', () => {
    const { getByText } = render(<Page />);
    press('j');
    expect(getByText('one')).toHaveFocus();
    press('j');
    press('j');
    expect(getByText('two')).toHaveFocus();
    press('k');
    expect(getByText('one')).toHaveFocus();
  });

  it('press what names the key, also where it names several', () => {
    const pressed = vi.fn<() => void>();
    render(
      <>
        <Page />
        <main>
          <button type="button" aria-keyshortcuts="3 l" onClick={pressed}>
            Logs
          </button>
        </main>
      </>,
    );
    for (const key of ['3', 'l', 'x', ' ']) press(key);
    expect(pressed).toHaveBeenCalledTimes(2);
  });

  it('are off when they were switched off, but for the palette', () => {
    render(<Page />);
    chooseSingleKeys(false);
    press('?');
    press('j');
    expect(overlay.get()).toBeNull();
    expect(document.body).toHaveFocus();
    press('k', { ctrlKey: true });
    expect(overlay.get()).toBe('palette');
  });
});
