import type { Invitation, Member } from '../api/schema.gen';
import { before, session } from './fixtures.ts';

export const members: Member[] = [
  {
    id: '0191f6a0-0000-7000-8000-000000000002',
    email: 'jonas@example.com',
    name: 'Jonas',
    role: 'operator',
    created_at: before(90_000),
    seen_at: before(47),
    you: false,
  },
  { ...session.user, created_at: before(400_000), seen_at: before(1), you: true },
  {
    id: '0191f6a0-0000-7000-8000-000000000003',
    email: 'sofia.lindqvist@harbour-analytics.example.com',
    name: 'Sofia Lindqvist <img src=x>',
    role: 'viewer',
    created_at: before(9_000),
    seen_at: null,
    you: false,
  },
  {
    id: '0191f6a0-0000-7000-8000-000000000004',
    email: 'tariq@example.com',
    name: 'Tariq',
    role: 'admin',
    created_at: before(300_000),
    seen_at: before(3_000),
    you: false,
  },
];

export const invitations: Invitation[] = [
  {
    id: '0191f6a0-0000-7000-8000-00000000e001',
    email: 'noor@example.com',
    role: 'operator',
    invited_by: 'Mira',
    created_at: before(70),
    expires_at: before(-10_010),
    expired: false,
  },
  {
    id: '0191f6a0-0000-7000-8000-00000000e002',
    email: 'old-colleague@example.com',
    role: 'viewer',
    invited_by: 'Tariq',
    created_at: before(12_000),
    expires_at: before(1_920),
    expired: true,
  },
];
