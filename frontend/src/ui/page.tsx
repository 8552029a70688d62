import type { ReactNode } from 'react';

import { cn } from '~/lib/cn';
import { useTitle } from '~/lib/title';

/** The column that a page's content stands in. */
export function Page({ children, wide }: { children: ReactNode; wide?: boolean }) {
  return <div className={cn('px-4 py-5 sm:px-6', !wide && 'max-w-page')}>{children}</div>;
}

/** A page's head: its h1 (which gets the focus when the page changes) and its one primary action. */
export function PageHead({
  title,
  aside,
  actions,
  children,
}: {
  title: string;
  aside?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
}) {
  useTitle(title);
  return (
    <header className="mb-4">
      <div className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
        <h1
          tabIndex={-1}
          className="min-w-0 text-title font-semibold tracking-[-0.01em] break-words"
        >
          {title}
        </h1>
        {aside && <span className="text-body text-text-3 tabular-nums">{aside}</span>}
        {actions && <div className="ml-auto flex gap-2">{actions}</div>}
      </div>
      {children}
    </header>
  );
}

export function Section({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="mb-7">
      <div className="mb-2 flex items-center gap-3">
        <h2 className="text-ui font-medium text-text-2">{title}</h2>
        {aside && <div className="ml-auto text-ui">{aside}</div>}
      </div>
      {children}
    </section>
  );
}

export function Panel({ children }: { children: ReactNode }) {
  return (
    <div className="overflow-hidden rounded-panel border border-line bg-surface">{children}</div>
  );
}

/** A page without the sidebar: login and setup. */
export function Centred({
  children,
  width = 'narrow',
}: {
  children: ReactNode;
  width?: 'narrow' | 'wide';
}) {
  return (
    <main
      className={cn(
        'mx-auto flex min-h-dvh w-full flex-col px-4 py-10',
        width === 'narrow' ? 'sm:py-[16vh]' : 'sm:py-16',
      )}
    >
      <div className={cn('mx-auto w-full', width === 'narrow' ? 'max-w-88' : 'max-w-160')}>
        {children}
      </div>
    </main>
  );
}
