import { createFileRoute } from '@tanstack/react-router';

import { createApp } from '~/api/mutations';
import { ReturnPage } from '~/features/setup/return-page';
import { text } from '~/lib/search';

type Search = { code?: string | undefined; state?: string | undefined };

/** GitHub made the App and sent us its one-time code. */
export const Route = createFileRoute('/_in/setup/github/done')({
  validateSearch: (search: Record<string, unknown>): Search => ({
    code: text(search.code),
    state: text(search.state),
  }),
  component: Done,
});

function Done() {
  const { code = '', state = '' } = Route.useSearch();
  return (
    <ReturnPage
      title="Finish the App"
      once={`app ${code}`}
      work={() => createApp({ code, state })}
      done="The App exists"
      failed="The App could not be finished"
    />
  );
}
