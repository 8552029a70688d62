import { createFileRoute } from '@tanstack/react-router';

import { eventsQuery } from '~/api/queries';
import { EventsPage } from '~/features/events/events-page';
import type { Search } from '~/features/events/filter';
import { moment } from '~/lib/moment';
import { oneOf, text } from '~/lib/search';

const KINDS = ['delivery', 'deployment', 'person', 'berth'] as const;

export const Route = createFileRoute('/_in/_app/events')({
  validateSearch: (search: Record<string, unknown>): Search => ({
    id: text(search.id),
    kind: oneOf(search.kind, KINDS),
    stack: text(search.stack),
    actor: text(search.actor),
    q: text(search.q),
    since: moment(search.since),
  }),
  loaderDeps: ({ search: { id: _open, ...filter } }) => filter,
  loader: ({ context, deps }) => {
    void context.client.prefetchInfiniteQuery(eventsQuery(deps));
  },
  component: Events,
});

function Events() {
  return <EventsPage search={Route.useSearch()} />;
}
