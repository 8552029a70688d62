import { Link } from '@tanstack/react-router';

import type { StackSummary } from '~/api/schema.gen';
import { CommitLine } from '~/ui/sha';
import { Status, Sync } from '~/ui/status';
import { Table, Td, Th } from '~/ui/table';
import { Ago } from '~/ui/time';

import { EnvTag } from './env-tag';
import { stackLook } from './look';
import { useGlow } from './use-glow';

const HEAD = (
  <>
    <Th>Stack</Th>
    <Th>Health</Th>
    <Th hide="sm">State</Th>
    <Th hide="lg">Running commit</Th>
    <Th hide="sm" right>
      Services
    </Th>
    <Th right>Updated</Th>
  </>
);

export function StackTable({ stacks }: { stacks: readonly StackSummary[] }) {
  return (
    <Table label="Stacks" head={HEAD}>
      {stacks.map((stack) => (
        <Row key={stack.name} stack={stack} />
      ))}
    </Table>
  );
}

function Row({ stack }: { stack: StackSummary }) {
  const look = stackLook(stack);
  const glow = useGlow(`${look} ${stack.synced} ${stack.commit?.sha} ${stack.services_running}`);
  return (
    <tr ref={glow} className="relative hover:bg-hover">
      <Td className="sm:whitespace-nowrap">
        <span className="flex min-w-0 items-center gap-x-2 gap-y-0.5 max-sm:flex-col max-sm:items-start">
          <Link
            to="/stacks/$stack"
            params={{ stack: stack.name }}
            className="font-medium break-all after:absolute after:inset-0 sm:break-normal"
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
      <Td hide="lg" className="w-full max-w-0">
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
