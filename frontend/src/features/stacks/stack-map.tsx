import { Box, Globe } from 'lucide-react';

import type { Service, Stack } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { bareUrl, count, shortImage } from '~/lib/text';
import { StatusIcon } from '~/ui/status';

import { curve, layout, NODE } from './topology';

/** Traefik and the services behind it. The table below it says the same in words. */
export function StackMap({ stack }: { stack: Stack }) {
  const map = layout(stack.services);
  const byName = new Map(stack.services.map((service) => [service.name, service]));
  return (
    <div className="rounded-panel border border-line bg-sunken">
      <section
        aria-label="Topology"
        // A map wider than the screen scrolls sideways, by keyboard too.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        className="scroll-edge rounded-panel px-6 pt-4 pb-6"
      >
        <div className="relative mx-auto" style={{ width: map.width, height: map.height }}>
          <svg
            className="absolute inset-0 overflow-visible"
            width={map.width}
            height={map.height}
            aria-hidden
          >
            {map.edges.map((edge) => (
              <path
                key={edge.to.id}
                d={curve(edge)}
                className="fill-none stroke-line-strong"
                strokeWidth="1.25"
              />
            ))}
          </svg>
          {map.labels.map(({ text, x }) => (
            <p
              key={text}
              className="absolute top-0 text-meta text-text-2"
              style={{ left: x, width: NODE.width }}
            >
              {text}
            </p>
          ))}
          {map.nodes.map(({ id, x, y }) => {
            const service = byName.get(id);
            return (
              <div
                key={id}
                className={cn(
                  'absolute flex items-center gap-3 rounded-control border px-3',
                  service ? 'border-line bg-surface' : 'border-dashed border-line-strong bg-sunken',
                )}
                style={{ left: x, top: y, width: NODE.width, height: NODE.height }}
              >
                {service ? <ServiceBox service={service} /> : <TraefikBox urls={stack.urls} />}
              </div>
            );
          })}
        </div>
      </section>
    </div>
  );
}

function TraefikBox({ urls }: { urls: readonly string[] }) {
  const [first] = urls;
  return (
    <>
      <Globe size={16} className="shrink-0 text-text-3" aria-hidden />
      <div className="min-w-0">
        <p className="text-ui font-medium">Traefik</p>
        <p className="truncate text-meta text-text-2">
          {urls.length === 1 && first ? bareUrl(first) : count(urls.length, 'address', 'addresses')}
        </p>
      </div>
    </>
  );
}

/** As many characters of a tag that is a hash as tell it apart; its title has all of them. */
const HASH = /:(?=[0-9]*[a-f])([0-9a-f]{7})[0-9a-f]+$/;

/** An image that Berth built repeats the service's name: then its tag says enough. */
function briefImage({ name, image }: Service): string {
  const short = shortImage(image).replace(HASH, ':$1');
  const [repository, tag] = short.split(':');
  return tag && repository?.endsWith(`-${name}`) ? tag : short;
}

function ServiceBox({ service }: { service: Service }) {
  return (
    <>
      <Box size={16} className="shrink-0 text-text-3" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="truncate text-ui font-medium">{service.name}</p>
        <p className="truncate text-meta text-text-2 tabular-nums" title={service.image}>
          {service.running}/{service.wanted} · {briefImage(service)}
        </p>
      </div>
      <StatusIcon look={service.health} />
    </>
  );
}
