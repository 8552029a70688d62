import { memo, useEffect, useRef, useState, type ReactNode, type RefObject } from 'react';

import { cn } from '~/lib/cn';
import { watchNear } from '~/lib/near';

/** Up to so many parts all of a list is in the page, where the browser's own search finds it. */
const WHOLE = 4;
/** How far from sight a part may be and still be in the page. */
const NEAR = '1000px';

/** Between the parts of a table, as between its rows. */
const LINE = 'border-line [tbody+&]:border-t';

type Part<T> = { items: readonly T[] };

/** What makes a row known as one of many, though the others may not be in the page. */
export type Place =
  | { role: 'listitem'; 'aria-posinset': number; 'aria-setsize': number }
  | { 'aria-rowindex': number };

type Shared<T> = {
  as: 'div' | 'tbody';
  /** Has to be the same function for as long as the rows look the same. */
  row: (item: T, place: Place) => ReactNode;
  onSight?: (part: object, near: boolean) => void;
  className?: string;
};

/**
 * The rows of a list that may have thousands, in parts. A part that is far from sight leaves the
 * page, and a box of its height stays: the page is as high as with all of them, and what one reads
 * does not move, which the browser sees to.
 */
export function Long<T>({
  parts,
  keys,
  more,
  ...shared
}: Shared<T> & {
  parts: readonly Part<T>[];
  /** A part's name for as long as it is there, where its place is none. */
  keys?: readonly unknown[];
  /** Whether there are more than these. */
  more: boolean;
}) {
  const size = more ? -1 : countOf(parts);
  let from = 0;
  return parts.map((part, index) => {
    const first = from;
    from += part.items.length;
    const key = keys?.[index];
    return (
      <OnePart
        key={typeof key === 'string' ? key : index}
        {...(shared as Shared<unknown>)}
        part={part}
        from={first}
        size={size}
        whole={parts.length <= WHOLE}
      />
    );
  });
}

/** A list that came at once, in parts. */
export const inParts = <T,>(items: readonly T[], size: number): Part<T>[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, part) => ({
    items: items.slice(part * size, (part + 1) * size),
  }));

export const countOf = (parts: readonly Part<unknown>[]): number =>
  parts.reduce((sum, { items }) => sum + items.length, 0);

/** For `aria-rowcount`, with the row of the head: -1 where nobody knows. */
export const rowCount = (parts: readonly Part<unknown>[], more: boolean): number =>
  more ? -1 : countOf(parts) + 1;

const OnePart = memo(function OnePart({
  as: Box,
  part,
  from,
  size,
  whole,
  row,
  onSight,
  className = 'divide-y divide-line',
}: Shared<unknown> & { part: Part<unknown>; from: number; size: number; whole: boolean }) {
  const box = useRef<HTMLElement>(null);
  const height = useHeight(box, part, whole, onSight);
  const ref = box as RefObject<never>;
  if (height !== undefined) {
    return Box === 'div' ? (
      <div ref={ref} aria-hidden style={{ height }} />
    ) : (
      <tbody ref={ref} aria-hidden className={LINE}>
        <tr style={{ height }} />
      </tbody>
    );
  }
  return (
    <Box ref={ref} className={cn(className, Box === 'tbody' && LINE)}>
      {part.items.map((item, index) => {
        const place = from + index + 1;
        return row(
          item,
          Box === 'div'
            ? { role: 'listitem', 'aria-posinset': place, 'aria-setsize': size }
            : { 'aria-rowindex': place + 1 },
        );
      })}
    </Box>
  );
});

/** How high each part was when it was last seen: whoever comes back finds the page as high. */
const heights = new WeakMap<object, number>();

/** The height that stands for a part which is far; undefined where it is near. */
function useHeight(
  box: RefObject<HTMLElement | null>,
  part: object,
  whole: boolean,
  onSight: Shared<unknown>['onSight'],
): number | undefined {
  const [height, setHeight] = useState(() => heights.get(part));
  useEffect(() => {
    const seen = (near: boolean) => onSight?.(part, near);
    const end =
      whole || !box.current
        ? undefined
        : watchNear(box.current, NEAR, ({ isIntersecting, target, boundingClientRect }) => {
            // Whoever has the focus keeps it.
            const near = isIntersecting || target.contains(document.activeElement);
            heights.set(part, boundingClientRect.height);
            setHeight(near ? undefined : boundingClientRect.height);
            seen(near);
          });
    if (!end) seen(true);
    return () => {
      end?.();
      seen(false);
    };
  }, [box, part, whole, onSight]);
  return whole ? undefined : height;
}
