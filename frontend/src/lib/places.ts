/** Where one can go from anywhere: the sidebar, the palette and the keys agree on it. */
export const PLACES = [
  { to: '/', label: 'Stacks', key: 's' },
  { to: '/previews', label: 'Previews', key: 'p' },
  { to: '/rules', label: 'Rules', key: 'r' },
  { to: '/events', label: 'Events', key: 'e' },
  { to: '/cluster', label: 'Cluster', key: 'c' },
  { to: '/settings', label: 'Settings', key: 't' },
] as const;

export type Place = (typeof PLACES)[number];

/** The pages of the settings, in their order. */
export const SETTINGS = [
  { to: '/settings/general', label: 'General' },
  { to: '/settings/account', label: 'Account' },
  { to: '/settings/sessions', label: 'Sessions' },
  { to: '/settings/members', label: 'Members' },
  { to: '/settings/github', label: 'GitHub' },
  { to: '/settings/registries', label: 'Registries' },
  { to: '/settings/tokens', label: 'API tokens' },
  { to: '/settings/appearance', label: 'Appearance' },
  { to: '/settings/about', label: 'About' },
] as const;
