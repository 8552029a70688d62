import type { ReactNode } from 'react';

import { cn } from '~/lib/cn';

const TONES = {
  idle: 'bg-idle-soft text-text-2',
  preview: 'bg-preview-soft text-preview',
  warn: 'bg-warn-soft text-warn',
  ok: 'bg-ok-soft text-ok',
  bad: 'bg-bad-soft text-bad',
  run: 'bg-run-soft text-run',
};

export function Tag({
  tone = 'idle',
  children,
}: {
  tone?: keyof typeof TONES;
  children: ReactNode;
}) {
  return (
    <span
      className={cn(
        'inline-block max-w-full truncate align-middle rounded-tag px-1.5 py-px text-meta font-medium whitespace-nowrap',
        TONES[tone],
      )}
    >
      {children}
    </span>
  );
}
