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
      what: 'How people reach a host: `{host}` is put in.',
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
      what: 'How long the others are kept, and those of stacks that are gone.',
      value: '30 days',
      variable: 'BERTH_KEEP_RELEASES_FOR',
    },
    {
      topic: 'retention',
      what: 'How long a delivery is kept after it was worked on.',
      value: '30 days',
      variable: null,
    },
    {
      topic: 'retention',
      what: 'How long what people and Berth did is kept among the events.',
      value: '90 days',
      variable: null,
    },
    {
      topic: 'pruning',
      what: 'How long a stack stays that nothing asks for, in case something is about to.',
      value: '10 minutes',
      variable: 'BERTH_PRUNE_AFTER',
    },
    {
      topic: 'pruning',
      what: 'The share of all stacks, in percent, that may go at once; of more, a person is asked.',
      value: '25 %',
      variable: 'BERTH_PRUNE_LIMIT',
    },
    {
      topic: 'reconciling',
      what: 'How often every stack is compared with the cluster, whether or not anything was heard.',
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
