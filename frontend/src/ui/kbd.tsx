/** A key, or several that are pressed one after the other. */
export function Kbd({ keys }: { keys: string }) {
  return (
    <span className="flex shrink-0 items-center gap-1">
      {keys.split(' ').map((key, index) => (
        <kbd
          // oxlint-disable-next-line react/no-array-index-key
          key={index}
          className="min-w-5 rounded-tag border border-line bg-surface px-1 text-center font-sans text-meta text-text-2"
        >
          {key}
        </kbd>
      ))}
    </span>
  );
}
