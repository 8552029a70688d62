import { expect, test } from 'vitest';

import { planWords } from './plan-words';

test.each([
  ['+ network shop_default', 'made the network `shop_default`'],
  [
    '~ service web ghcr.io/acme/shop-web:v2@sha256:4b825dc6 x1 anew',
    'changed the service `web` (shop-web:v2, 1 task, anew)',
  ],
  [
    '+ service agent busybox on every node, - config shop_old, and 2 more',
    'made the service `agent` (busybox, on every node), removed the config `shop_old`, and 2 more',
  ],
  [
    '+ service migrate berth/shop-migrate:1 job x2',
    'made the service `migrate` (shop-migrate:1, 2 tasks of a job)',
  ],
])('%s in words', (detail, words) => {
  expect(planWords(detail)).toBe(words);
});

test.each([
  'to what #139 brought',
  'as operator',
  'acme/shop',
  'and 2 more',
  '~ service web img x2, something else',
  '',
])('“%s” is no plan', (detail) => {
  expect(planWords(detail)).toBeUndefined();
});
