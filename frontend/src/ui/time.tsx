import { useStore } from '~/lib/store';
import { ago, between, full, minutes, seconds } from '~/lib/time';

/** "3m ago"; the exact time is in its title. */
export function Ago({ at }: { at: string }) {
  const now = useStore(minutes);
  return (
    <time dateTime={at} title={full(at)} className="whitespace-nowrap">
      {ago(at, now)}
    </time>
  );
}

/** How long something took, or has been taking. */
export function Took({
  start,
  end,
}: {
  start: string | null | undefined;
  end: string | null | undefined;
}) {
  return end ? <>{between(start, end, 0)}</> : <Ticking start={start} />;
}

function Ticking({ start }: { start: string | null | undefined }) {
  const now = useStore(seconds);
  return <>{between(start, null, now)}</>;
}
