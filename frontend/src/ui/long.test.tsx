import { act, render, screen } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';

import { Nearness } from '~/test/near';

import { inParts, Long, type Place } from './long';
import { More } from './more';
import { Table, Th } from './table';

afterEach(() => vi.unstubAllGlobals());

const parts = (count: number) =>
  inParts(
    Array.from({ length: count }, (_, row) => `row ${row}`),
    10,
  );
const row = (name: string, place: Place) => (
  <div key={name} {...place}>
    <button type="button">{name}</button>
  </div>
);
const list = (of: ReturnType<typeof parts>, onSight?: (part: object, near: boolean) => void) => (
  <div role="list">
    <Long as="div" parts={of} more={false} row={row} {...(onSight && { onSight })} />
  </div>
);
const rows = () => screen.queryAllByRole('listitem').map((it) => it.textContent);

test('a short list is in the page as a whole', () => {
  const near = new Nearness();
  render(list(parts(40)));
  expect(rows()).toHaveLength(40);
  expect(near.observed).toEqual([]);
});

test('where the browser does not tell what is near, a long one is, too', () => {
  vi.stubGlobal('IntersectionObserver', undefined);
  Reflect.deleteProperty(globalThis, 'IntersectionObserver');
  render(list(parts(100)));
  expect(rows()).toHaveLength(100);
});

test('a part that is far leaves a box of its height, and its rows keep their numbers', () => {
  const near = new Nearness();
  const seen = vi.fn<(part: object, near: boolean) => void>();
  const all = parts(100);
  const { unmount } = render(list(all, seen));
  act(() => near.observed.forEach((part, place) => near.tell(part, place >= 8, 440)));
  expect(rows()).toHaveLength(20);
  expect(near.observed[0]).toHaveStyle({ height: '440px' });
  const [first] = screen.getAllByRole('listitem');
  expect(first).toHaveAttribute('aria-posinset', '81');
  expect(first).toHaveAttribute('aria-setsize', '100');
  expect(seen).toHaveBeenCalledWith(all[0], false);
  expect(seen).toHaveBeenCalledWith(all[9], true);

  // Whoever comes back finds the page as high as it was.
  unmount();
  render(list(all));
  expect(rows()).toHaveLength(0);
  expect(near.observed).toHaveLength(10);
  act(() => near.tell(near.observed[3], true));
  expect(rows()[0]).toBe('row 30');
});

test('a part with the focus stays', () => {
  const near = new Nearness();
  render(list(parts(100)));
  screen.getByRole('button', { name: 'row 4' }).focus();
  act(() => near.observed.forEach((part) => near.tell(part, false)));
  expect(rows()).toHaveLength(10);
  expect(screen.getByRole('button', { name: 'row 4' })).toHaveFocus();
});

test('a table says how many rows it has, and which these are', () => {
  const near = new Nearness();
  render(
    <Table label="Names" head={<Th>Name</Th>} rows={101}>
      <Long
        as="tbody"
        parts={parts(100)}
        more={false}
        row={(name: string, place) => (
          <tr key={name} {...place}>
            <td>{name}</td>
          </tr>
        )}
      />
    </Table>,
  );
  act(() => near.observed.forEach((part, place) => near.tell(part, place === 5)));
  expect(screen.getByRole('table', { name: 'Names' })).toHaveAttribute('aria-rowcount', '101');
  const [, first] = screen.getAllByRole('row');
  expect(first).toHaveTextContent('row 50');
  expect(first).toHaveAttribute('aria-rowindex', '52');
});

test('the next part comes by itself near the end, once, and not while something is read', () => {
  const near = new Nearness();
  const onMore = vi.fn<() => void>();
  const more = (bySelf: boolean) => <More has busy={!bySelf} bySelf={bySelf} onMore={onMore} />;
  const { rerender } = render(more(true));
  near.tell(near.observed[0], false);
  expect(onMore).not.toHaveBeenCalled();
  near.tell(near.observed[0], true);
  expect(onMore).toHaveBeenCalledTimes(1);
  rerender(more(false));
  expect(near.observed).toEqual([]);
  rerender(more(true));
  near.tell(near.observed[0], true);
  expect(onMore).toHaveBeenCalledTimes(2);
  expect(screen.getByRole('button', { name: 'Show more' })).toBeVisible();
});
