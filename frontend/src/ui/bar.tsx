import type { ReactNode } from 'react';

import { cn } from '~/lib/cn';

const TONES = {
  warn: 'border-warn-line bg-warn-soft',
  bad: 'border-bad-line bg-bad-soft',
  run: 'border-line bg-run-soft',
};

/** A line across the page that says what is wrong, or what goes on. */
export function Bar({
  tone,
  role,
  children,
}: {
  tone: keyof typeof TONES;
  role?: 'alert' | 'status';
  children: ReactNode;
}) {
  return (
    <div role={role} className={cn('rounded-panel border px-3 py-2 text-ui', TONES[tone])}>
      {children}
    </div>
  );
}
