/**
 * The map of a stack: Traefik, the services behind it, what they wait for and their volumes. The
 * table below it says how each service is in words; what a service has is in its panel.
 */
import { Box, Boxes, Database, Globe } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';

import type { Health, Service, Stack } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { bareUrl, count, shortImage } from '~/lib/text';
import { Button } from '~/ui/button';
import { StatusIcon, wordOf } from '~/ui/status';

import { inGroups, type Group } from './groups';
import { around, curve, idOf, layout, NODE, type MapNode } from './topology';
import { volumeName } from './volumes';

type Props = {
  stack: Stack;
  /** The service whose panel is open. */
  open: string | undefined;
  /** A service was pressed, by this element. */
  onPress: (service: string, by: HTMLElement) => void;
};

export function StackMap({ stack, open, onPress }: Props) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const groups = inGroups(stack.services, opened, open);
  const map = layout(groups.placed);
  const byName = new Map(stack.services.map((service) => [service.name, service]));
  const [pointed, setAt] = useState<string>();
  // What the pointer or the keyboard is at, or what is open: shown with all that it is joined to.
  const at = pointed ?? (open && byName.has(open) ? idOf('service', open) : undefined);
  const near = at === undefined ? undefined : around(map.edges, at);
  const section = useRef<HTMLElement>(null);
  const left = map.nodes.find(({ id }) => id === idOf('service', open ?? ''))?.x;
  // The panel takes room from the map: what it is about stays in sight, with its neighbours.
  useEffect(() => {
    const box = section.current;
    if (!box || left === undefined) return;
    const from = left - NODE.width / 2;
    const until = left + 2 * NODE.width;
    if (from < box.scrollLeft || until > box.scrollLeft + box.clientWidth) {
      box.scrollLeft = left + NODE.width / 2 - box.clientWidth / 2;
    }
  }, [left]);
  const focus = (id: string) => ({
    onFocus: ({ currentTarget }: { currentTarget: HTMLElement }) => {
      setAt(id);
      // The browser leaves alone what shows by an edge.
      currentTarget.scrollIntoView({ inline: 'nearest', block: 'nearest' });
    },
    onBlur: () => setAt(undefined),
  });
  /** What was pressed is gone then: the focus goes to what is there instead. */
  const show = (which: ReadonlySet<string>, next: string) => {
    flushSync(() => setOpened(which));
    section.current?.querySelector<HTMLElement>(next)?.focus();
  };
  return (
    <div className="relative rounded-panel border border-line bg-sunken">
      {opened.size > 0 && groups.of.size > 0 && (
        <div className="absolute top-2 right-2 z-10">
          <Button size="small" onClick={() => show(new Set(), '[aria-expanded=false]')}>
            Group again
          </Button>
        </div>
      )}
      <section
        ref={section}
        aria-label="Topology"
        // A map wider than the screen scrolls sideways, by keyboard too.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        className="scroll-edge scroll-px-6 rounded-panel px-6 pt-4 pb-6"
      >
        <div className="relative mx-auto" style={{ width: map.width, height: map.height }}>
          <svg
            className="absolute inset-0 overflow-visible"
            width={map.width}
            height={map.height}
            aria-hidden
          >
            {map.edges.map((edge) => {
              const lit = edge.from.id === at || edge.to.id === at;
              return (
                <path
                  key={`${edge.from.id} ${edge.to.id}`}
                  d={curve(edge, map.nodes)}
                  className={cn(
                    'fill-none',
                    lit ? 'stroke-ink' : near ? 'stroke-line' : 'stroke-line-strong',
                  )}
                  strokeWidth={lit ? 1.75 : 1.25}
                />
              );
            })}
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
          {map.nodes.map((node) => {
            const service = node.kind === 'service' ? byName.get(node.name) : undefined;
            const shared = {
              style: { left: node.x, top: node.y, width: NODE.width, height: NODE.height },
              onPointerEnter: () => setAt(node.id),
              onPointerLeave: () => setAt(undefined),
            };
            const lit = near?.has(node.id) ? 'border-ink' : undefined;
            const group = groups.closed.get(node.name);
            if (group) {
              const [first] = group.services;
              return (
                <button
                  key={node.id}
                  type="button"
                  {...shared}
                  {...focus(node.id)}
                  onClick={() =>
                    show(
                      new Set([...opened, group.name]),
                      `[data-opens="${CSS.escape(first ?? '')}"]`,
                    )
                  }
                  aria-expanded={false}
                  className={cn(NODE_BUTTON, 'bg-surface', lit ?? 'border-line')}
                >
                  <GroupBox group={group} services={byName} />
                </button>
              );
            }
            if (!service) {
              return (
                <div
                  key={node.id}
                  {...shared}
                  className={cn(NODE_BOX, 'border-dashed bg-sunken', lit ?? 'border-line-strong')}
                >
                  <Ends node={node} stack={stack} />
                </div>
              );
            }
            const isOpen = node.name === open;
            return (
              <button
                key={node.id}
                type="button"
                {...shared}
                {...focus(node.id)}
                onClick={({ currentTarget }) => onPress(node.name, currentTarget)}
                aria-expanded={isOpen}
                data-opens={node.name}
                className={cn(
                  NODE_BUTTON,
                  isOpen ? 'border-ink bg-hover' : cn('bg-surface', lit ?? 'border-line'),
                )}
              >
                <ServiceBox service={service} />
              </button>
            );
          })}
        </div>
      </section>
    </div>
  );
}

const NODE_BOX = 'absolute flex items-center gap-3 rounded-control border px-3';
const NODE_BUTTON = cn(NODE_BOX, 'text-left hover:bg-hover');

/** What stands at the ends of the map: who asks, and what is kept. */
function Ends({ node, stack }: { node: MapNode; stack: Stack }) {
  const { urls } = stack;
  const [first] = urls;
  const volume = node.kind === 'volume';
  const Icon = volume ? Database : Globe;
  return (
    <>
      <Icon size={16} className="shrink-0 text-text-3" aria-hidden />
      <div className="min-w-0">
        <p className="truncate text-ui font-medium" title={volume ? node.name : undefined}>
          {volume ? volumeName(stack.name, node.name) : 'Traefik'}
        </p>
        <p className="truncate text-meta text-text-2">
          {volume
            ? 'Volume'
            : urls.length === 1 && first
              ? bareUrl(first)
              : count(urls.length, 'address', 'addresses')}
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

/** What is not well says so in a word; of what is well, the image is worth more. */
function ServiceBox({ service }: { service: Service }) {
  const well = service.health === 'healthy';
  const word = wordOf(service.health);
  return (
    <>
      <Box size={16} className="shrink-0 text-text-3" aria-hidden />
      <span className="min-w-0 flex-1">
        <span className="block truncate text-ui font-medium">
          {service.name}
          {well && <span className="sr-only"> {word}</span>}
        </span>{' '}
        <span
          className="block truncate text-meta text-text-2 tabular-nums"
          title={well ? service.image : undefined}
        >
          {service.running}/{service.wanted} · {well ? briefImage(service) : word}
        </span>
      </span>
      <StatusIcon look={service.health} />
    </>
  );
}

/** The worst first: what a group is as well as. */
const WORST = ['degraded', 'unknown', 'progressing', 'healthy'] satisfies Health[];

/** Services whose names begin alike: how many, and how many of them are not well. */
function GroupBox({ group, services }: { group: Group; services: ReadonlyMap<string, Service> }) {
  const all = group.services.flatMap((name) => services.get(name) ?? []);
  const ill = all.filter(({ health }) => health !== 'healthy').length;
  const worst = WORST.find((look) => all.some(({ health }) => health === look)) ?? 'unknown';
  return (
    <>
      <Boxes size={16} className="shrink-0 text-text-3" aria-hidden />
      <span className="min-w-0 flex-1">
        <span className="block truncate text-ui font-medium" title={group.services.join(', ')}>
          {group.name}
        </span>{' '}
        <span className="block truncate text-meta text-text-2 tabular-nums">
          {ill > 0 ? `${ill} not well` : count(all.length, 'service')}
        </span>
      </span>
      <StatusIcon look={worst} />
    </>
  );
}
