import type { Delivery } from '../api/schema.gen';
import { before } from './fixtures.ts';

/** What GitHub said, and what came of it. */

export const deliveries: Delivery[] = [
  delivery({
    id: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    outcome: 'deployed',
    reason: 'The rule “production” matched.',
    decisions: [
      {
        rule_name: 'production',
        matched: true,
        reason: 'A push to main, which matches the pattern main.',
        deployment: { stack: 'shop', number: 143 },
      },
      {
        rule_name: 'releases',
        matched: false,
        reason: 'It listens to tags; this is a push.',
        deployment: null,
      },
    ],
  }),
  delivery({
    id: '5c1f9a00-cc78-11e3-93c1-d1a2b3c4d5e6',
    git_ref: 'refs/heads/feat/cart-v2',
    outcome: 'ignored',
    reason: 'No rule matched.',
    received_at: before(9),
    decisions: [
      {
        rule_name: 'production',
        matched: false,
        reason: 'feat/cart-v2 matches none of: main.',
        deployment: null,
      },
    ],
  }),
  delivery({
    id: '4f0e8b11-cc78-11e3-8d1e-0a1b2c3d4e5f',
    event: 'pull_request',
    action: 'synchronize',
    git_ref: 'refs/pull/214/head',
    outcome: 'deployed',
    reason: 'The rule “previews” matched.',
    received_at: before(12),
    decisions: [
      {
        rule_name: 'previews',
        matched: true,
        reason: 'src/cart.ts changed, which matches src/**.',
        deployment: { stack: 'shop-pr-214', number: 4 },
      },
    ],
  }),
  delivery({
    id: '3b2a1c00-cc78-11e3-9f00-aabbccddeeff',
    event: 'installation',
    action: 'created',
    git_ref: null,
    sha: null,
    repository: null,
    outcome: 'recorded',
    reason: 'The App is installed on acme.',
    received_at: before(90),
  }),
  delivery({
    id: '2a1b0c00-cc78-11e3-9f00-aabbccddee00',
    event: 'watch',
    action: 'started',
    git_ref: null,
    sha: null,
    outcome: 'ignored',
    reason: 'Nothing listens to this event.',
    received_at: before(200),
  }),
];

export function delivery(part: Partial<Delivery>): Delivery {
  return {
    id: '00000000-cc78-11e3-0000-000000000000',
    event: 'push',
    action: null,
    repository: 'acme/shop',
    git_ref: 'refs/heads/main',
    sha: '9f2c1ab04d7e5b1c9a8e7f6d5c4b3a2918273645',
    sender: 'mira',
    received_at: before(3),
    processed_at: before(3),
    outcome: 'ignored',
    reason: null,
    decisions: [],
    ...part,
  };
}
