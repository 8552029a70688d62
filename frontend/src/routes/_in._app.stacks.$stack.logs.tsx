import { createFileRoute } from '@tanstack/react-router';

import { readSearch, type LogSearch } from '~/features/logs/filter';
import { LogsPage } from '~/features/logs/logs-page';

export const Route = createFileRoute('/_in/_app/stacks/$stack/logs')({
  validateSearch: (search: Record<string, unknown>): LogSearch => readSearch(search),
  component: Logs,
});

function Logs() {
  const { stack } = Route.useParams();
  const navigate = Route.useNavigate();
  return (
    <LogsPage
      key={stack}
      stack={stack}
      search={Route.useSearch()}
      onSearch={(search) => void navigate({ search, replace: true, resetScroll: false })}
    />
  );
}
