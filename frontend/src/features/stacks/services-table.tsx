/** A stack's services in words, one a row; the rest of each is in its panel. */
import { Link } from '@tanstack/react-router';
import { ScrollText } from 'lucide-react';

import type { Service } from '~/api/schema.gen';
import { cn } from '~/lib/cn';
import { asSentence, bareUrl, portsText, shortImage } from '~/lib/text';
import { Outside } from '~/ui/outside';
import { Said } from '~/ui/said';
import { Status } from '~/ui/status';
import { Table, Td, Th } from '~/ui/table';
import { For } from '~/ui/time';

const HEAD = (
  <>
    <Th>Service</Th>
    <Th>Health</Th>
    <Th right>Tasks</Th>
    <Th hide="sm">Image</Th>
    <Th hide="lg">Address</Th>
    <Th className="w-11">
      <span className="sr-only">Logs</span>
    </Th>
  </>
);

type Opens = {
  stack: string;
  /** The service whose panel is open. */
  open: string | undefined;
  /** A service's link was followed. */
  onFollow: (by: HTMLElement) => void;
};

export function ServicesTable({ services, ...opens }: Opens & { services: readonly Service[] }) {
  return (
    <Table label="Services" head={HEAD}>
      {services.map((service) => (
        <Row key={service.name} service={service} {...opens} />
      ))}
    </Table>
  );
}

/** What Swarm calls its modes; `replicated` goes without saying. */
export const MODES: Record<string, string> = {
  global: 'on every node',
  replicated_job: 'job',
  global_job: 'job on every node',
};

function Row({ stack, open, onFollow, service }: Opens & { service: Service }) {
  const { mode, image, urls, ports, reason, state } = service;
  return (
    <tr className={cn(service.name === open && 'bg-hover')}>
      <Td>
        <Link
          to="/stacks/$stack"
          params={{ stack }}
          search={{ service: service.name }}
          replace={open !== undefined}
          resetScroll={false}
          onClick={({ currentTarget }) => onFollow(currentTarget)}
          data-opens={service.name}
          className="rounded-tag font-medium hover:underline"
        >
          {service.name}
        </Link>
        {mode !== '' && mode !== 'replicated' && (
          <span className="ml-2 text-meta text-text-2">{MODES[mode] ?? mode}</span>
        )}
      </Td>
      <Td>
        <span className="flex flex-wrap items-center gap-x-2">
          <Status look={service.health} />
          {state && (
            <span className="text-meta text-text-2">
              <For since={state.healthy.since} />
            </span>
          )}
        </span>
        {reason && (
          <p className="max-w-80 text-meta break-words text-text-2">
            <Said text={asSentence(reason)} />
          </p>
        )}
      </Td>
      <Td right>
        {service.running}/{service.wanted}
      </Td>
      <Td hide="sm" className="max-w-64">
        <code className="block truncate font-mono text-meta text-text-2" title={image}>
          {shortImage(image)}
        </code>
      </Td>
      <Td hide="lg" className="max-w-64">
        {urls.map((url) => (
          <div key={url} className="flex min-h-6 min-w-0 items-center">
            <Outside href={url}>{bareUrl(url)}</Outside>
          </div>
        ))}
        {urls.length === 0 && (
          <span className="text-text-2">{portsText(ports) ?? 'Inside the stack only'}</span>
        )}
      </Td>
      <Td right>
        <Link
          to="/stacks/$stack/logs"
          params={{ stack }}
          search={{ service: service.name }}
          aria-label={`Logs of ${service.name}`}
          title={`Logs of ${service.name}`}
          className="-mx-1 inline-grid size-6 place-items-center rounded-tag align-middle text-text-3 hover:bg-active hover:text-text"
        >
          <ScrollText size={15} aria-hidden />
        </Link>
      </Td>
    </tr>
  );
}
