import type { QueryClient } from '@tanstack/react-query';
import { redirect } from '@tanstack/react-router';

import { isStatus } from './client';
import { sessionQuery } from './queries';

/** Lets only a signed-in person pass; anybody else logs in first and comes back to `href`. */
export async function requireSession(client: QueryClient, href: string): Promise<void> {
  try {
    await client.ensureQueryData(sessionQuery());
  } catch (error) {
    if (isStatus(error, 401)) throw redirect({ to: '/login', search: { from: href } });
    throw error;
  }
}
