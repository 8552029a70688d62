import { service, stack } from './fixtures.ts';

const many = (prefix: string, names: string, part: Parameters<typeof service>[1]) =>
  names.split(' ').map((name) => service(`${prefix}-${name}`, { running: 1, wanted: 1, ...part }));

/** A stack of more services than its map has room for. It is in no list. */
export const large = stack('market', {
  health: 'degraded',
  attention: 'service `jobs-rates`: its task exited (1) 3 times in 40 s',
  services: [
    service('gateway', {
      urls: ['http://market.example.com/'],
      depends_on: ['catalog-search', 'orders-checkout', 'people-login'],
    }),
    ...many('catalog', 'search items prices stock images reviews import export feed index cache', {
      depends_on: ['store-catalog'],
    }),
    ...many(
      'orders',
      'checkout cart payment refunds invoices taxes shipping labels returns fraud ledger mail',
      { depends_on: ['store-orders', 'queue'] },
    ),
    ...many('people', 'login profile avatars consent mail sessions tokens audit', {
      depends_on: ['store-people'],
    }),
    ...many('jobs', 'nightly hourly cleanup reports backup sitemap rates stats digest archive', {
      depends_on: ['queue'],
    }).map((it) => (it.name === 'jobs-rates' ? { ...it, health: 'degraded' as const } : it)),
    ...['catalog', 'orders', 'people', 'stats', 'cache', 'search', 'media', 'mail'].map((name) =>
      service(`store-${name}`, { volumes: [`market_store-${name}`] }),
    ),
    ...many('watch', 'metrics logs traces alerts probes status', {}),
    service('queue', { volumes: ['market_queue'] }),
  ],
});
