import { WrapText } from 'lucide-react';

import { Button } from '~/ui/button';

/** Whether long lines go on below. */
export function WrapButton({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  return (
    <Button
      size="icon"
      aria-label="Wrap long lines"
      title="Wrap long lines (w)"
      aria-keyshortcuts="w"
      aria-pressed={on}
      onClick={() => onChange(!on)}
    >
      <WrapText size={16} aria-hidden />
    </Button>
  );
}
