import { Link } from '@tanstack/react-router';

import type { ListData } from '~/api/list';
import type { StackSummary } from '~/api/schema.gen';
import { Long, rowCount, type Place } from '~/ui/long';
import { CommitLine } from '~/ui/sha';
import { Status, Sync } from '~/ui/status';
import { Table, Td, Th } from '~/ui/table';
import { Ago } from '~/ui/time';

import { EnvTag } from './env-tag';
import { stackLook } from './look';
import { useGlow } from './use-glow';

const HEAD = (
  <>
    <Th className="lg:w-[22%]">Stack</Th>
    <Th className="w-28">Health</Th>
    <Th hide="sm" className="w-20">
      Sync
    </Th>
    <Th hide="lg">Running commit</Th>
    <Th hide="sm" right className="w-20">
      Services
    </Th>
    <Th right className="w-24">
      Updated
    </Th>
  </>
);

const row = (stack: StackSummary, place: Place) => (
  <Row key={stack.name} stack={stack} place={place} />
);

export function StackTable({
  list: { pages, pageParams },
  more,
  onSight,
}: {
  list: ListData<StackSummary>;
  more: boolean;
  onSight: (page: object, near: boolean) => void;
}) {
  return (
    <Table label="Stacks" head={HEAD} rows={rowCount(pages, more)}>
      <Long as="tbody" parts={pages} keys={pageParams} more={more} row={row} onSight={onSight} />
    </Table>
  );
}

function Row({ stack, place }: { stack: StackSummary; place: Place }) {
  const look = stackLook(stack);
  const glow = useGlow(`${look} ${stack.synced} ${stack.commit?.sha} ${stack.services_running}`);
  return (
    <tr {...place} ref={glow} className="relative hover:bg-hover">
      <Td>
        <span className="flex min-w-0 items-center gap-x-2 gap-y-0.5 max-sm:flex-col max-sm:items-start">
          <Link
            to="/stacks/$stack"
            params={{ stack: stack.name }}
            title={stack.name}
            className="min-w-0 font-medium break-all after:absolute after:inset-0 sm:truncate"
          >
            {stack.name}
          </Link>
          <EnvTag stack={stack} />
        </span>
      </Td>
      <Td>
        <Status look={look} />
      </Td>
      <Td hide="sm">
        {stack.commit ? <Sync synced={stack.synced} /> : <span className="text-text-3">–</span>}
      </Td>
      <Td hide="lg">
        {stack.commit ? (
          <CommitLine sha={stack.commit.sha} message={stack.commit.message} />
        ) : (
          <span className="text-text-3">Nothing yet</span>
        )}
      </Td>
      <Td hide="sm" right>
        {stack.services_running}/{stack.services_wanted}
      </Td>
      <Td right className="text-text-2">
        <Ago at={stack.updated_at} />
      </Td>
    </tr>
  );
}
