import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Loaded } from '~/api/loaded';
import { githubQuery, repositoriesQuery, ruleQuery } from '~/api/queries';
import type { RuleEvent } from '~/api/schema.gen';
import { buttonClass } from '~/ui/button';
import { Empty } from '~/ui/empty';
import { Page, PageHead } from '~/ui/page';

import { baseDomain, emptyForm, toForm } from './draft';
import { RuleEditor } from './rule-editor';

export function NewRulePage({ repository, event }: { repository?: string; event?: RuleEvent }) {
  const repositories = useQuery(repositoriesQuery());
  const github = useQuery(githubQuery());
  if (!repositories.data || !github.data) {
    return (
      <Page>
        <PageHead title="New rule" />
        <Loaded query={repositories} what="the repositories">
          {() => (
            <Loaded query={github} what="this Berth’s address">
              {() => null}
            </Loaded>
          )}
        </Loaded>
      </Page>
    );
  }
  const { items } = repositories.data;
  if (items.length === 0) {
    return (
      <Page>
        <PageHead title="New rule" />
        <Empty
          title="No repository to write a rule for"
          action={
            <Link to="/setup/github" className={buttonClass({ kind: 'primary' })}>
              Choose repositories
            </Link>
          }
        >
          Berth sees only the repositories that you let it see on GitHub.
        </Empty>
      </Page>
    );
  }
  const publicUrl = github.data.public_url;
  const chosen = repository ?? String(items[0]?.id ?? '');
  return (
    <RuleEditor
      initial={emptyForm(event ?? 'push', chosen, baseDomain(publicUrl))}
      repositories={items}
      publicUrl={publicUrl}
    />
  );
}

export function EditRulePage({ id }: { id: string }) {
  const rule = useQuery(ruleQuery(id));
  const repositories = useQuery(repositoriesQuery());
  const github = useQuery(githubQuery());
  if (!rule.data) {
    return (
      <Page>
        <PageHead title="Edit rule" />
        <Loaded
          query={rule}
          what="the rule"
          back={
            <Link to="/rules" className={buttonClass()}>
              To the rules
            </Link>
          }
        >
          {() => null}
        </Loaded>
      </Page>
    );
  }
  const { value, etag } = rule.data;
  return (
    <RuleEditor
      key={id}
      existing={{ rule: value, etag: etag ?? `"${value.version}"` }}
      initial={toForm(value)}
      repositories={repositories.data?.items ?? []}
      publicUrl={github.data?.public_url ?? ''}
    />
  );
}
