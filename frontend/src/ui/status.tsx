import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleMinus,
  CirclePause,
  CircleX,
  LoaderCircle,
  type LucideIcon,
} from 'lucide-react';

import { cn } from '~/lib/cn';

/** Every state is a shape, a colour and a word; never one of them alone. */
const LOOKS = {
  healthy: { icon: CircleCheck, tone: 'text-ok', word: 'Healthy' },
  deploying: { icon: LoaderCircle, tone: 'text-run', word: 'Deploying' },
  progressing: { icon: LoaderCircle, tone: 'text-run', word: 'Starting' },
  removing: { icon: LoaderCircle, tone: 'text-run', word: 'Removing' },
  degraded: { icon: CircleAlert, tone: 'text-warn', word: 'Degraded' },
  failed: { icon: CircleX, tone: 'text-bad', word: 'Failed' },
  paused: { icon: CirclePause, tone: 'text-idle', word: 'Paused' },
  unknown: { icon: CircleDashed, tone: 'text-idle', word: 'Unknown' },
  pending: { icon: CircleDashed, tone: 'text-text-3', word: 'Pending' },
  running: { icon: LoaderCircle, tone: 'text-run', word: 'Running' },
  done: { icon: CircleCheck, tone: 'text-ok', word: 'Done' },
  succeeded: { icon: CircleCheck, tone: 'text-ok', word: 'Succeeded' },
  noted: { icon: CircleCheck, tone: 'text-text-2', word: 'Recorded' },
  stopped: { icon: CircleMinus, tone: 'text-text-3', word: 'Stopped' },
  superseded: { icon: CircleMinus, tone: 'text-text-3', word: 'Superseded' },
  cancelled: { icon: CircleMinus, tone: 'text-text-3', word: 'Cancelled' },
} satisfies Record<string, { icon: LucideIcon; tone: string; word: string }>;

export type Look = keyof typeof LOOKS;

export function isLook(name: string): name is Look {
  return name in LOOKS;
}

export const wordOf = (look: Look): string => LOOKS[look].word;

export function StatusIcon({ look, size = 16 }: { look: Look; size?: number }) {
  const { icon: Icon, tone } = LOOKS[look];
  return (
    <Icon
      size={size}
      aria-hidden
      className={cn('shrink-0', tone, Icon === LoaderCircle && 'animate-turn')}
    />
  );
}

export function Status({ look, word }: { look: Look; word?: string }) {
  return (
    <span
      className={cn(
        'inline-flex items-center gap-1.5 align-top text-ui font-medium whitespace-nowrap',
        LOOKS[look].tone,
      )}
    >
      <StatusIcon look={look} />
      {word ?? wordOf(look)}
    </span>
  );
}

/** Health says whether it works; sync says whether it is what was asked for. */
export function Sync({ synced, deploying }: { synced: boolean; deploying?: boolean }) {
  if (synced) return <span className="text-ui whitespace-nowrap text-text-2">In sync</span>;
  // What is being made differs from what is there until that is done.
  if (deploying) return <span className="text-ui font-medium text-run">Pending</span>;
  return <span className="text-ui font-medium text-warn">Drifted</span>;
}
