import { Link } from '@tanstack/react-router';

import type { Service } from '~/api/schema.gen';
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
  </>
);

export function ServicesTable({
  stack,
  services,
}: {
  stack: string;
  services: readonly Service[];
}) {
  return (
    <Table label="Services" head={HEAD}>
      {services.map((service) => (
        <Row key={service.name} stack={stack} service={service} />
      ))}
    </Table>
  );
}

/** What Swarm calls its modes; `replicated` goes without saying. */
const MODES: Record<string, string> = {
  global: 'on every node',
  'replicated-job': 'job',
  'global-job': 'job on every node',
};

function Row({ stack, service }: { stack: string; service: Service }) {
  const { mode, image, urls, ports, reason, state } = service;
  return (
    <tr>
      <Td>
        <Link
          to="/stacks/$stack/logs"
          params={{ stack }}
          search={{ service: service.name }}
          title={`Logs of ${service.name}`}
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
    </tr>
  );
}
