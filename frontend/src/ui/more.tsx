import { useEffect, useEffectEvent, useRef } from 'react';

import { watchNear } from '~/lib/near';

import { Button } from './button';

/** How far above its end a list grows, so that whoever scrolls does not see the end. */
const AHEAD = '1200px';

/** Fetches the next part of a list, by itself as one nears the end; gone when there is none. */
export function More({
  has,
  busy,
  bySelf,
  onMore,
}: {
  has: boolean;
  busy: boolean;
  bySelf: boolean;
  onMore: () => unknown;
}) {
  const end = useRef<HTMLDivElement>(null);
  const near = useEffectEvent(() => void onMore());
  // A new observer after each part: it tells whether the end is still near.
  useEffect(() => {
    if (!has || !bySelf || !end.current) return;
    return watchNear(end.current, AHEAD, ({ isIntersecting }) => {
      if (isIntersecting) near();
    });
  }, [has, bySelf]);
  if (!has) return null;
  return (
    <div ref={end} className="mt-3 flex justify-center">
      <Button busy={busy} onClick={() => void onMore()}>
        Show more
      </Button>
    </div>
  );
}
