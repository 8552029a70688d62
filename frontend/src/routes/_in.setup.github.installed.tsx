import { createFileRoute } from '@tanstack/react-router';

import { claimInstallation } from '~/api/mutations';
import { ReturnPage } from '~/features/setup/return-page';
import { text } from '~/lib/search';

type Search = {
  installation_id?: string | undefined;
  setup_action?: string | undefined;
  state?: string | undefined;
};

/** GitHub installed the App, or an owner was asked to. */
export const Route = createFileRoute('/_in/setup/github/installed')({
  validateSearch: (search: Record<string, unknown>): Search => ({
    installation_id: text(search.installation_id),
    setup_action: text(search.setup_action),
    state: text(search.state),
  }),
  component: Installed,
});

function Installed() {
  const { installation_id, setup_action, state } = Route.useSearch();
  const requested = setup_action === 'request';
  return (
    <ReturnPage
      title="Finish the installation"
      once={`installation ${installation_id} ${setup_action} ${state}`}
      // An owner has to approve first; their click installs it, and a webhook tells us.
      work={() =>
        requested
          ? Promise.resolve()
          : claimInstallation({ installation_id: Number(installation_id), state })
      }
      done={requested ? 'An owner of the organisation has to approve' : 'Repositories are here'}
      failed="The installation could not be read"
    />
  );
}
