import { http, HttpResponse } from 'msw';

import type { NewInvitation, Role } from '../api/schema.gen';
import { before, session } from './fixtures.ts';
import * as fixtures from './member-fixtures.ts';

/** Members and invitations of the API in memory. */

const api = (path: string) => `*/api/v1${path}`;
const page = (items: readonly object[]) => HttpResponse.json({ items, next_cursor: null });
const problem = (status: number, detail: string, pointer?: string) =>
  HttpResponse.json(
    { title: detail, status, detail, errors: pointer ? [{ pointer, detail }] : [] },
    { status, headers: { 'content-type': 'application/problem+json' } },
  );

/** As it was at first; `without` leaves out others with these roles. */
export function resetMembers(without: readonly Role[] = []): void {
  state.members = fixtures.members.filter(({ you, role }) => you || !without.includes(role));
  state.invitations = [...fixtures.invitations];
}

const state = { members: [...fixtures.members], invitations: [...fixtures.invitations] };

export const memberHandlers = [
  http.get(api('/members'), () => page(state.members)),
  http.put(api('/members/:id'), async ({ params, request }) => {
    const { role } = (await request.json()) as { role: Role };
    state.members = state.members.map((it) => (it.id === params.id ? { ...it, role } : it));
    return HttpResponse.json(state.members.find(({ id }) => id === params.id));
  }),
  http.delete(api('/members/:id'), ({ params }) => {
    state.members = state.members.filter(({ id }) => id !== params.id);
    return new HttpResponse(null, { status: 204 });
  }),
  http.get(api('/invitations'), () => page(state.invitations)),
  http.post(api('/invitations'), async ({ request }) => {
    const { email, role } = (await request.json()) as NewInvitation;
    if (!email.includes('@')) return problem(422, 'This is not an e-mail address.', '/email');
    const invitation = {
      id: `i${state.invitations.length}`,
      email,
      role,
      invited_by: session.user.name,
      created_at: new Date().toISOString(),
      expires_at: before(-10_080),
      expired: false,
    };
    state.invitations = [invitation, ...state.invitations];
    const link = 'https://berth.example.com/invitation?token=7Qk2vXr9TzLw4NpHs8BdYc3MfGj6Ea1U';
    return HttpResponse.json({ invitation, link }, { status: 201 });
  }),
  http.delete(api('/invitations/:id'), ({ params }) => {
    state.invitations = state.invitations.filter(({ id }) => id !== params.id);
    return new HttpResponse(null, { status: 204 });
  }),
  http.post(api('/invitations/look'), async ({ request }) => {
    const { token } = (await request.json()) as { token: string };
    if (token === 'used') return problem(403, 'This invitation is not good any more.');
    return HttpResponse.json({
      email: 'noor@example.com',
      role: 'operator',
      invited_by: 'Mira',
      expires_at: before(-10_010),
    });
  }),
  http.post(api('/invitations/accept'), async ({ request }) => {
    const { name, password } = (await request.json()) as { name: string; password: string };
    if (password.length < 10) {
      return problem(422, 'A password has at least 10 characters.', '/password');
    }
    return HttpResponse.json({ user: { ...session.user, name } }, { status: 201 });
  }),
];
