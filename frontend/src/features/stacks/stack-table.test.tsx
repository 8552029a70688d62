import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';

import { stacks } from '~/test/fixtures';
import { showPage } from '~/test/show';

import { StackTable } from './stack-table';

test('each stack has both answers in the columns of their names', async () => {
  const list = { pages: [{ items: stacks, next_cursor: null }], pageParams: [undefined] };
  showPage(<StackTable list={list} more={false} onSight={() => undefined} />);
  const table = await screen.findByRole('table', { name: 'Stacks' });
  const heads = within(table)
    .getAllByRole('columnheader')
    .map(({ textContent }) => textContent);
  const cells = within(within(table).getByRole('row', { name: /^billing/ })).getAllByRole('cell');
  expect(cells[heads.indexOf('Health')]).toHaveTextContent('Healthy');
  expect(cells[heads.indexOf('Sync')]).toHaveTextContent('In sync');
});
