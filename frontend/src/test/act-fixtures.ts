import type { Act } from '../api/schema.gen';
import { before, session } from './fixtures.ts';

function act(part: Partial<Act> & Pick<Act, 'kind' | 'subject'>): Act {
  return {
    id: 1,
    at: before(1),
    by: 'person',
    user_id: session.user.id,
    actor: 'Mira',
    stack: null,
    number: null,
    detail: '',
    ...part,
  };
}

const berth = { by: 'berth', user_id: null, actor: 'Berth' } as const;

export const acts: Act[] = [
  act({ id: 9, at: before(3), kind: 'approved', subject: 'shop', stack: 'shop', number: 143 }),
  act({
    ...berth,
    id: 8,
    at: before(10),
    kind: 'healed',
    subject: 'shop',
    stack: 'shop',
    detail: '~ service worker berth/shop-worker:9f2c1ab04d7e 2 tasks',
  }),
  act({
    id: 7,
    at: before(11),
    actor: 'Tariq',
    kind: 'rule_changed',
    subject: 'previews',
    detail: 'acme/shop',
  }),
  act({
    id: 6,
    at: before(40),
    kind: 'rolled_back',
    subject: 'shop',
    stack: 'shop',
    number: 142,
    detail: 'to what #139 brought',
  }),
  act({
    id: 5,
    at: before(70),
    kind: 'member_invited',
    subject: 'noor@example.com',
    detail: 'as operator',
  }),
  act({
    ...berth,
    id: 4,
    at: before(95),
    kind: 'stack_gone',
    subject: 'shop-pr-208',
    stack: 'shop-pr-208',
  }),
  act({
    ...berth,
    id: 3,
    at: before(300),
    kind: 'led',
    subject: '0191f6a0-0000-7000-8000-00000000c001',
    detail: 'epoch 12',
  }),
];
