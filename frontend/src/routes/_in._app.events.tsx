import { createFileRoute } from '@tanstack/react-router';

import { deliveriesQuery } from '~/api/queries';
import { EventsPage } from '~/features/events/events-page';
import { text } from '~/lib/search';

export const Route = createFileRoute('/_in/_app/events')({
  validateSearch: (search: Record<string, unknown>): { id?: string | undefined } => ({
    id: text(search.id),
  }),
  loader: ({ context }) => void context.client.prefetchInfiniteQuery(deliveriesQuery()),
  component: Events,
});

function Events() {
  return <EventsPage open={Route.useSearch().id} />;
}
