import type { ComponentProps, ReactNode } from 'react';

import { cn } from '~/lib/cn';

/**
 * A table in its panel. On a narrow screen, or beside a panel that takes the room, columns leave
 * (`hide`); the table never scrolls the page.
 * With `rows`, as many as it has with those that are not in the page, it holds the parts of a long
 * list, and its columns are as wide as the head says.
 */
export function Table({
  label,
  head,
  fixed,
  rows,
  children,
}: {
  label: string;
  head: ReactNode;
  /** The head's widths hold, whatever is in the rows: for tables that stand above each other. */
  fixed?: boolean;
  rows?: number;
  children: ReactNode;
}) {
  return (
    <div className="@container relative overflow-x-auto rounded-panel border border-line bg-surface">
      <table
        className={cn(
          'w-full border-collapse text-left text-ui',
          (fixed || rows !== undefined) && 'table-fixed',
        )}
        aria-label={label}
        aria-rowcount={rows}
      >
        <thead>
          <tr className="border-b border-line">{head}</tr>
        </thead>
        {rows === undefined ? <tbody className="divide-y divide-line">{children}</tbody> : children}
      </table>
    </div>
  );
}

const HIDE = { sm: 'max-sm:hidden', lg: 'max-lg:hidden @max-2xl:hidden' };

type Cell = { hide?: 'sm' | 'lg'; right?: boolean };

export function Th({ hide, right, ...rest }: Cell & ComponentProps<'th'>) {
  return (
    <th
      scope="col"
      {...rest}
      className={cn(
        'h-8 px-3 text-meta font-medium whitespace-nowrap text-text-2',
        right && 'text-right',
        hide && HIDE[hide],
        rest.className,
      )}
    />
  );
}

export function Td({ hide, right, ...rest }: Cell & ComponentProps<'td'>) {
  return (
    <td
      {...rest}
      className={cn(
        'h-11 px-3 py-1.5',
        right && 'text-right tabular-nums',
        hide && HIDE[hide],
        rest.className,
      )}
    />
  );
}
