import { ArrowDown } from 'lucide-react';
import type { ReactNode } from 'react';

import type { Repository } from '~/api/schema.gen';
import { Panel } from '~/ui/page';

import { schemeOf, story, type RuleForm } from './draft';

/** The rule in words, with an example, beside its form. */
export function RuleStory({
  form,
  repository,
  publicUrl,
}: {
  form: RuleForm;
  repository: Repository | undefined;
  publicUrl: string;
}) {
  const told = story(form, repository);
  return (
    <section aria-label="What this rule does">
      <h2 className="mb-1.5 text-ui font-medium">What this rule does</h2>
      <Panel>
        <Line>
          {told.when} {told.filter}
        </Line>
        <Line>
          deploys the environment <Value>{told.environment}</Value> from{' '}
          <Value>{form.compose_file}</Value>
        </Line>
        <Line last>
          and it answers at <Value>{told.host && schemeOf(publicUrl) + told.host}</Value>
        </Line>
      </Panel>
      <p className="mt-2 text-meta text-text-2">
        {form.enabled
          ? 'An example; the next event decides. Every event is explained under Events.'
          : 'This rule is off: it deploys nothing until it is in force.'}
      </p>
    </section>
  );
}

function Line({ children, last }: { children: ReactNode; last?: boolean }) {
  return (
    <>
      <p className="px-4 py-3 text-body break-words">{children}</p>
      {!last && (
        <div className="relative border-t border-line">
          <span className="absolute -top-2.5 left-4 grid size-5 place-items-center rounded-full border border-line bg-surface">
            <ArrowDown size={12} className="text-text-3" aria-hidden />
          </span>
        </div>
      )}
    </>
  );
}

function Value({ children }: { children: string }) {
  return (
    <code className="rounded-tag bg-sunken px-1 py-0.5 font-mono text-ui break-words">
      {children || '…'}
    </code>
  );
}
