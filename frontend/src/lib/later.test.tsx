import { act, render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';

import { later, useLater } from './later';

const Greeting = ({ name }: { name: string }) => <p>Hello {name}</p>;

/** Code that does not come the first `times` times. */
function blip(times: number) {
  const get = vi.fn<() => Promise<typeof Greeting>>(() => Promise.resolve(Greeting));
  for (let n = 0; n < times; n++) get.mockRejectedValueOnce(new TypeError('Failed to fetch'));
  return get;
}

test('what did not come is asked for again by the next try, and what came is not', async () => {
  const get = blip(1);
  const Part = later(get);
  render(<Part name="Ada" />);
  await expect(Part.load()).rejects.toThrow('A part of this page did not come.');
  expect(document.body).toHaveTextContent('');
  await act(() => Part.load());
  expect(screen.getByText('Hello Ada')).toBeVisible();
  await Part.load();
  expect(get).toHaveBeenCalledTimes(2);
});

test('what comes by itself is asked for again when there is reason to, and for as long as it is wanted', async () => {
  const get = blip(2);
  const Part = later(get);
  let tell = () => {};
  const leave = vi.fn<() => void>();
  const again = (told: () => void) => {
    tell = told;
    return leave;
  };
  const failed = vi.fn<() => void>();
  function Page({ wanted }: { wanted: boolean }) {
    useLater(Part, wanted, again, failed);
    return <Part name="Ada" />;
  }
  const { rerender, unmount } = render(<Page wanted={false} />);
  expect(get).not.toHaveBeenCalled();
  rerender(<Page wanted />);
  await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(1));
  tell();
  await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(2));
  tell();
  expect(await screen.findByText('Hello Ada')).toBeVisible();
  unmount();
  expect(leave).toHaveBeenCalledOnce();
});
