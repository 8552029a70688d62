import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { setupServer } from 'msw/node';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';

import type { Role } from '~/api/schema.gen';
import { memberHandlers, resetMembers } from '~/test/member-handlers';
import { showPage, signedIn } from '~/test/show';

import { outcome } from './member-words';
import { Members } from './members';

const server = setupServer(...memberHandlers);
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
beforeEach(() => resetMembers());
afterAll(() => server.close());

async function show(role: Role = 'admin') {
  showPage(<Members />, { client: signedIn(role) });
  return screen.findByRole('table', { name: 'Members' });
}

describe('what a change comes to is said before', () => {
  const bob = { name: 'Bob', role: 'admin', you: false } as const;

  it.each([
    ['gone', 'Remove Bob?', /logged out everywhere at once, and their API tokens stop/],
    ['viewer', 'Make Bob viewer?', /change nothing. It counts at once, for API tokens too/],
    ['operator', 'Make Bob operator?', /not change rules or settings/],
  ] as const)('%s', (wanted, title, line) => {
    const said = outcome(bob, wanted);
    expect(said.title).toBe(title);
    expect(said.lines[0]).toMatch(line);
    expect(said.lines).toContain('Invitations that Bob made and nobody accepted yet end.');
  });

  it('and who removes themself is told how to come back', () => {
    const said = outcome({ ...bob, you: true }, 'gone');
    expect(said.title).toBe('Remove yourself?');
    expect(said.lines[0]).toMatch(/somebody has to invite you/);
  });
});

test('an invitation’s link is shown once, and what is wrong stands at its field', async () => {
  await show();
  const user = userEvent.setup();
  await user.type(screen.getByLabelText('Invite'), 'nobody');
  await user.click(screen.getByRole('button', { name: 'Create link' }));
  await waitFor(() =>
    expect(screen.getByLabelText('Invite')).toHaveAccessibleDescription(/not an e-mail address/),
  );
  await user.clear(screen.getByLabelText('Invite'));
  await user.type(screen.getByLabelText('Invite'), 'kim@example.com');
  await user.selectOptions(screen.getByLabelText('Role'), 'viewer');
  await user.click(screen.getByRole('button', { name: 'Create link' }));
  expect(await screen.findByText(/invitation\?token=/)).toBeVisible();
  expect(screen.getByText(/Whoever opens it first becomes viewer/)).toBeVisible();
  const open = screen.getByRole('table', { name: 'Open invitations' });
  expect(await within(open).findByText('kim@example.com')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Done' }));
  expect(screen.queryByText(/invitation\?token=/)).not.toBeInTheDocument();
});

test('a member is removed, once one has said so', async () => {
  const table = await show();
  const user = userEvent.setup();
  await user.click(within(table).getByRole('button', { name: 'Change Jonas' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }));
  const dialog = await screen.findByRole('alertdialog', { name: 'Remove Jonas?' });
  await user.click(within(dialog).getByRole('button', { name: 'Remove member' }));
  await waitFor(() => expect(within(table).queryByText('Jonas')).not.toBeInTheDocument());
});

test('who is no admin sees who is there, and nothing to press', async () => {
  const table = await show('operator');
  expect(within(table).getByText('Jonas')).toBeVisible();
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
  expect(screen.queryByLabelText('Invite')).not.toBeInTheDocument();
});

test('the only admin is not offered to go, and the button says why', async () => {
  resetMembers(['admin']);
  const table = await show();
  const button = within(table).getByRole('button', { name: 'Change Mira' });
  expect(button).toHaveAttribute('aria-disabled', 'true');
  expect(button).toHaveAttribute('title', expect.stringMatching(/only admin/));
});
