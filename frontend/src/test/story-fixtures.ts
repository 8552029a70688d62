import type { Deployment, DeploymentAct, DeploymentStory, PlanLine } from '../api/schema.gen';

/** What a deployment's own page says beyond its line in a list. */

const SHOP: readonly [text: string, from: number][] = [
  ['+ config shop_site_5f1c2a90', 5],
  [
    '~ service api ghcr.io/acme/shop-api@sha256:9c1185a59c1185a59c1185a59c1185a59c1185a59c1185a59c1185a59c1185a5 x2',
    5,
  ],
  [
    '~ service web ghcr.io/acme/shop-web@sha256:4b825dc64b825dc64b825dc64b825dc64b825dc64b825dc64b825dc64b825dc6 x3',
    5,
  ],
  ['… service worker waits until api is healthy', 6],
  [
    '~ service worker ghcr.io/acme/shop-worker@sha256:6e340b9c6e340b9c6e340b9c6e340b9c6e340b9c6e340b9c6e340b9c6e340b9c x1',
    6,
  ],
];

/** The plan as far as a deployment has come: what it is to be is known once it is rendered. */
function plan({ phases, trigger }: Deployment): PlanLine[] | null {
  const done = phases.filter(({ state }) => state === 'done').length;
  const tried = phases[done]?.state !== 'pending';
  if (done < 4 || (done === 4 && !tried)) return null;
  if (trigger === 'manual') return [];
  return [
    ...SHOP.map(([text, from]) => ({ text, state: done >= from ? 'done' : 'open' }) as const),
    { text: '- service mailer', state: 'after' },
  ];
}

/** What was done to it, as far as the deployment itself says. */
function acts(it: Deployment): DeploymentAct[] {
  const person = { person: true, detail: '' } as const;
  const ended = it.phases.findLast(({ ended_at }) => ended_at)?.ended_at ?? it.created_at;
  const all: (DeploymentAct | null)[] = [
    it.trigger === 'manual'
      ? { ...person, kind: 'deployed', actor: 'Mira', at: it.created_at }
      : null,
    it.waiting
      ? {
          kind: 'held',
          person: false,
          actor: 'Berth',
          at: new Date(Date.parse(ended) + 1_000).toISOString(),
          detail: it.waiting,
        }
      : null,
    it.approved && { ...person, kind: 'approved', actor: it.approved.by, at: it.approved.at },
    it.rejected && {
      ...person,
      kind: 'rejected',
      actor: it.rejected.by,
      at: it.rejected.at,
      detail: it.rejected.reason,
    },
  ];
  return all.filter((act) => act !== null);
}

export function story(deployment: Deployment): DeploymentStory {
  const repository = 'https://github.com/acme/shop';
  const { sha } = deployment.commit;
  const took = [0, 900, 12_800, 200, 1_400, 6_900, 600, 0];
  return {
    ...deployment,
    rule_id: deployment.rule_name ? '0191f6a0-0000-7000-8000-00000000d001' : null,
    acts: acts(deployment),
    plan: plan(deployment),
    usual: {
      of: 20,
      duration_ms: 22_900,
      phases: deployment.phases.map(({ phase }, at) => ({ phase, duration_ms: took[at] ?? 0 })),
    },
    commit_url: `${repository}/commit/${sha}`,
    compare: { number: deployment.number - 2, url: `${repository}/compare/0b77e1c...${sha}` },
  };
}
