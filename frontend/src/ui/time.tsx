import { useStore } from '~/lib/store';
import { ago, between, full, lasted, minutes, seconds } from '~/lib/time';

/** "3m ago"; the exact time is in its title. */
export function Ago({ at }: { at: string }) {
  const now = useStore(minutes);
  return (
    <time dateTime={at} title={full(at)} className="whitespace-nowrap">
      {ago(at, now)}
    </time>
  );
}

/** "for 3h"; since when exactly is in its title. */
export function For({ since }: { since: string }) {
  const now = useStore(minutes);
  return (
    <time dateTime={since} title={`Since ${full(since)}`} className="whitespace-nowrap">
      for {lasted(since, now)}
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
