import { ExternalLink } from 'lucide-react';
import type { ReactNode } from 'react';

import { safeUrl } from '~/lib/text';

/** A link that leaves Berth; plain text where the address is not one to follow. */
export function Outside({ href, children }: { href: string; children: ReactNode }) {
  const url = safeUrl(href);
  if (!url) return <span className="text-text-2">{children}</span>;
  return (
    <a
      href={url}
      target="_blank"
      rel="noreferrer"
      className="inline-flex min-w-0 items-center gap-1 text-accent hover:underline"
    >
      <span className="truncate">{children}</span>
      <ExternalLink size={13} className="shrink-0" aria-hidden />
      <span className="sr-only">(opens in a new tab)</span>
    </a>
  );
}
