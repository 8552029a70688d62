import { useEffect, useState } from 'react';

/** True after a moment: a fast answer should not flash a skeleton. */
function useAfter(ms: number): boolean {
  const [passed, setPassed] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setPassed(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return passed;
}

/** Rows of the height that the data will have. */
export function SkeletonRows({ rows = 6, height = 44 }: { rows?: number; height?: number }) {
  const visible = useAfter(150);
  return (
    <div
      role="status"
      aria-label="Loading"
      className="divide-y divide-line rounded-panel border border-line bg-surface"
      style={{ visibility: visible ? 'visible' : 'hidden' }}
    >
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex animate-pulse items-center gap-6 px-3" style={{ height }}>
          <div className="h-3 w-32 rounded-tag bg-active" />
          <div className="h-3 w-16 rounded-tag bg-active" />
          <div className="hidden h-3 flex-1 rounded-tag bg-hover sm:block" />
          <div className="h-3 w-12 rounded-tag bg-hover" />
        </div>
      ))}
    </div>
  );
}
