import { overlay } from '~/lib/acts';
import { useStore } from '~/lib/store';

import { Palette } from './palette';
import { Shortcuts } from './shortcuts';

/** What a key brings up over any page. */
export function Overlays() {
  const open = useStore(overlay);
  const close = () => overlay.set(null);
  if (open === 'palette') return <Palette onClose={close} />;
  if (open === 'shortcuts') return <Shortcuts onClose={close} />;
  return null;
}
