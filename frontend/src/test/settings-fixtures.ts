import type { InstanceSettings } from '../api/schema.gen';

/** What is set of a Berth, as one has it that nobody touched. */
export const instance: InstanceSettings = {
  public_url: 'https://berth.example.com/',
  items: [
    {
      topic: 'addresses',
      what: 'Where people and GitHub reach this Berth.',
      value: 'https://berth.example.com',
      variable: 'BERTH_PUBLIC_URL',
    },
    {
      topic: 'addresses',
      what: 'The address of a deployed site; `{host}` stands for its host.',
      value: 'https://{host}',
      variable: 'BERTH_SITE_URL',
    },
    {
      topic: 'addresses',
      what: 'GitHub’s web pages.',
      value: 'https://github.com',
      variable: 'BERTH_GITHUB_URL',
    },
    {
      topic: 'addresses',
      what: 'The overlay network that Traefik shares with routed services.',
      value: 'berth-public',
      variable: 'BERTH_PUBLIC_NETWORK',
    },
    {
      topic: 'retention',
      what: 'How many releases of each stack are kept, however old they are.',
      value: '10',
      variable: 'BERTH_KEEP_RELEASES',
    },
    {
      topic: 'retention',
      what: 'How long older releases, and those of removed stacks, are kept.',
      value: '30 days',
      variable: 'BERTH_KEEP_RELEASES_FOR',
    },
    {
      topic: 'retention',
      what: 'How long a delivery is kept once handled.',
      value: '30 days',
      variable: null,
    },
    {
      topic: 'retention',
      what: 'How long events of people and of Berth are kept.',
      value: '90 days',
      variable: null,
    },
    {
      topic: 'pruning',
      what: 'How long a stack that no rule asks for stays before it is removed.',
      value: '10 minutes',
      variable: 'BERTH_PRUNE_AFTER',
    },
    {
      topic: 'pruning',
      what: 'The share of all stacks, in percent, that may be removed at once; a larger removal waits for a person.',
      value: '25 %',
      variable: 'BERTH_PRUNE_LIMIT',
    },
    {
      topic: 'reconciling',
      what: 'How often every stack is compared with the cluster, even without news.',
      value: '5 minutes',
      variable: 'BERTH_RESYNC',
    },
    {
      topic: 'restricted',
      what: 'The memory that a task of a restricted environment gets, and may ask for at most.',
      value: '1 GiB',
      variable: 'BERTH_RESTRICTED_MEMORY',
    },
    {
      topic: 'restricted',
      what: 'The registries that images of a restricted environment may come from, by host.',
      value: '',
      variable: 'BERTH_RESTRICTED_REGISTRIES',
    },
  ],
};
