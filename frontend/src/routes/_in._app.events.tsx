import { createFileRoute } from '@tanstack/react-router';

import { actsQuery, deliveriesQuery } from '~/api/queries';
import { EventsPage } from '~/features/events/events-page';
import { SHOWS, type Show } from '~/features/events/show';
import { oneOf, text } from '~/lib/search';

export const Route = createFileRoute('/_in/_app/events')({
  validateSearch: (
    search: Record<string, unknown>,
  ): { id?: string | undefined; show?: Show | undefined } => ({
    id: text(search.id),
    show: oneOf(search.show, SHOWS),
  }),
  loader: ({ context }) => {
    void context.client.prefetchInfiniteQuery(deliveriesQuery());
    void context.client.prefetchInfiniteQuery(actsQuery());
  },
  component: Events,
});

function Events() {
  const { id, show } = Route.useSearch();
  return <EventsPage open={id} show={show} />;
}
