import { Button } from './button';

/** Fetches the next part of a list; gone when there is none. */
export function More({
  has,
  busy,
  onMore,
}: {
  has: boolean;
  busy: boolean;
  onMore: () => unknown;
}) {
  if (!has) return null;
  return (
    <div className="mt-3 flex justify-center">
      <Button busy={busy} onClick={() => void onMore()}>
        Show more
      </Button>
    </div>
  );
}
