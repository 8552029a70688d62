/** Berth's mark and name. */
export function Mark() {
  return (
    <span className="inline-flex items-center gap-2 text-body font-semibold">
      <svg viewBox="0 0 18 18" className="size-4.5" aria-hidden>
        <rect width="18" height="18" rx="4" className="fill-ink" />
        <path
          d="M6 4.5v9M6 4.5h4.2a2.25 2.25 0 0 1 0 4.5H6m4.2 0a2.25 2.25 0 0 1 0 4.5H6"
          className="fill-none stroke-on-ink"
          strokeWidth="1.7"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      Berth
    </span>
  );
}
