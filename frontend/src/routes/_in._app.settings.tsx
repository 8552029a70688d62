import { createFileRoute, Link, Outlet } from '@tanstack/react-router';

import { SETTINGS } from '~/lib/places';
import { Page, PageHead } from '~/ui/page';

export const Route = createFileRoute('/_in/_app/settings')({ component: Settings });

function Settings() {
  return (
    <Page>
      <PageHead title="Settings" />
      <div className="grid gap-x-8 gap-y-4 sm:grid-cols-[160px_minmax(0,1fr)]">
        <nav aria-label="Settings" className="sm:-mt-1.5">
          <ul className="flex flex-wrap gap-0.5 sm:block sm:space-y-0.5">
            {SETTINGS.map(({ to, label }) => (
              <li key={to}>
                <Link
                  to={to}
                  className="flex h-8 items-center rounded-control px-2.5 text-ui text-text-2 hover:bg-hover hover:text-text aria-[current=page]:bg-active aria-[current=page]:font-medium aria-[current=page]:text-text"
                >
                  {label}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="max-w-180 min-w-0">
          <Outlet />
        </div>
      </div>
    </Page>
  );
}
