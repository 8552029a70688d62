import { ChevronDown } from 'lucide-react';
import type { ComponentProps } from 'react';

import { cn } from '~/lib/cn';

/** The browser's own list of choices behind a button that looks like the menus'. */
export function Select({
  bad,
  className,
  children,
  ...rest
}: ComponentProps<'select'> & {
  /** What is chosen is refused. */
  bad?: boolean;
}) {
  return (
    <span className={cn('relative block', className)}>
      <select
        {...rest}
        className={cn(
          'h-8 w-full appearance-none truncate rounded-control border bg-surface pr-6.5 pl-2.5 text-ui text-text',
          'enabled:hover:bg-hover disabled:bg-sunken disabled:text-text-3',
          bad ? 'border-bad' : 'border-line-strong',
        )}
      >
        {children}
      </select>
      <ChevronDown
        size={14}
        aria-hidden
        className="pointer-events-none absolute top-1/2 right-2 -translate-y-1/2 text-text-3"
      />
    </span>
  );
}

/** What a list can be narrowed to by repository. */
export function RepositoryOptions({
  all,
  chosen,
}: {
  all: readonly { id: number; full_name: string }[] | undefined;
  chosen: number | undefined;
}) {
  return (
    <>
      <option value="">Every repository</option>
      {/* What an address names stays chosen, where nothing is of it. */}
      {chosen && !all?.some(({ id }) => id === chosen) && (
        <option value={chosen}>Repository {chosen}</option>
      )}
      {all?.map(({ id, full_name }) => (
        <option key={id} value={id}>
          {full_name}
        </option>
      ))}
    </>
  );
}
