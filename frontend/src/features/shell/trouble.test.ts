import { describe, expect, it } from 'vitest';

import { status } from '~/test/fixtures';

import { troubles } from './trouble';

describe('troubles', () => {
  it('has nothing to say when all is well', () => {
    expect(troubles(status)).toEqual([]);
  });

  it('names the worst one only', () => {
    const gone = { ok: false, detail: 'connection refused' };
    const both = { ...status, postgres: gone, docker: { ...status.docker, ...gone } };
    expect(troubles(both)).toMatchObject([{ title: 'PostgreSQL does not answer.' }]);
    expect(troubles({ ...both, postgres: status.postgres })).toMatchObject([
      { title: 'Docker does not answer.', detail: 'connection refused' },
    ]);
    const lost = { id: 'n2', hostname: 'harbour-2', since: '2026-11-27T10:00:00Z' };
    const without = { ...status, lost_nodes: [lost] };
    expect(troubles(without)).toMatchObject([{ title: 'The node harbour-2 is away.' }]);
    expect(troubles({ ...without, postgres: gone })).toMatchObject([
      { title: 'PostgreSQL does not answer.' },
    ]);
    expect(troubles({ ...status, silent_executors: ['harbour-2'] })).toMatchObject([
      { title: 'The executor on harbour-2 says nothing.' },
    ]);
    const leaderless = { ...status, leader: { holder: null, is_me: false, expires_at: null } };
    expect(troubles(leaderless)).toMatchObject([{ title: 'No Berth leads at the moment.' }]);
  });
});
