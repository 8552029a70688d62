/** What the events are narrowed to, in the URL; nothing is everything. */
export const SHOWS = ['deliveries', 'people', 'berth'] as const;

export type Show = (typeof SHOWS)[number];
