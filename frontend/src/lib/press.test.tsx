import { act, renderHook, waitFor } from '@testing-library/react';
import { expect, test } from 'vitest';

import { usePress } from './press';

test('a press is busy until its act is over, and a failure stays until the next one', async () => {
  const { result } = renderHook(usePress);
  let fail: (reason: Error) => void = () => {};
  const failure = new Error('no');
  act(() => result.current.press(() => new Promise((_, reject) => (fail = reject))));
  expect(result.current.busy).toBe(true);

  act(() => fail(failure));
  await waitFor(() => expect(result.current).toMatchObject({ busy: false, error: failure }));

  act(() => result.current.press(() => Promise.resolve()));
  expect(result.current.error).toBeUndefined();
  await waitFor(() => expect(result.current.busy).toBe(false));
});
