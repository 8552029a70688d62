import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useState } from 'react';
import { Controller, useForm } from 'react-hook-form';

import { useDenied } from '~/api/access';
import { isStatus } from '~/api/client';
import { sortFaults } from '~/api/faults';
import { createRule, deleteRule, updateRule } from '~/api/mutations';
import { ruleQuery } from '~/api/queries';
import type { OnRegistryFailure, Repository, Rule } from '~/api/schema.gen';
import { Bar } from '~/ui/bar';
import { Button, buttonClass } from '~/ui/button';
import { Confirm } from '~/ui/dialog';
import { CheckField, ChoiceField, SelectField, TextAreaField, TextField } from '~/ui/field';
import { Page, PageHead } from '~/ui/page';
import { say } from '~/ui/say';
import { Unsaved } from '~/ui/unsaved';

import { useDeciding } from './deciding';
import {
  baseDomain,
  FIELDS,
  POLICIES,
  PRIORITIES,
  switchEvent,
  toDraft,
  toForm,
  type RuleForm,
} from './draft';
import { effectSentence } from './effect';
import { RuleEffect, useRuleEffect } from './rule-effect';
import { RuleMatches } from './rule-matches';
import { RuleReplay } from './rule-replay';
import { RuleStory } from './rule-story';

const EVENTS = [
  { value: 'push', label: 'Push' },
  { value: 'pull_request', label: 'Pull request' },
  { value: 'tag', label: 'Tag' },
] as const;

const WHEN_AWAY = {
  fail: 'Try again for five minutes, then fail',
  use_known: 'Go on with the digest that ran before',
} satisfies Record<OnRegistryFailure, string>;

type Props = {
  /** The rule to change, with its ETag; none for a new one. */
  existing?: { rule: Rule; etag: string };
  initial: RuleForm;
  repositories: readonly Repository[];
  /** Where people reach this Berth; empty while that is not known. */
  publicUrl: string;
};

export function RuleEditor({ existing: newest, initial, repositories, publicUrl }: Props) {
  // The version that this form began with: a newer one that arrives meanwhile must not lend its
  // ETag to values that were never read from it.
  const [existing, setExisting] = useState(newest);
  const client = useQueryClient();
  const navigate = useNavigate();
  const denied = useDenied('admin');
  const [rest, setRest] = useState<string | null>(null);
  const [conflict, setConflict] = useState(false);
  const [removing, setRemoving] = useState(false);
  const {
    control,
    register,
    handleSubmit,
    setError,
    reset,
    watch,
    getValues,
    setValue,
    formState,
  } = useForm<RuleForm>({ defaultValues: initial });
  const { errors, isDirty, isSubmitting } = formState;
  const form = watch();

  const save = handleSubmit(async (values) => {
    setRest(null);
    setConflict(false);
    try {
      if (existing) {
        const { id } = existing.rule;
        const before = toDraft(toForm(existing.rule));
        const { etag } = await updateRule(id, existing.etag, toDraft(values));
        const undo = async () => {
          await updateRule(id, etag ?? '*', before);
          await client.invalidateQueries({ queryKey: ['rule'] });
        };
        say('Rule saved', undo);
      } else {
        await createRule(toDraft(values));
        say('Rule created');
      }
      // Clean before leaving, so that the guard lets go.
      reset(values);
      await client.invalidateQueries({ queryKey: ['rule'] });
      await navigate({ to: '/rules', ignoreBlocker: true });
    } catch (failure) {
      if (isStatus(failure, 412)) {
        setConflict(true);
        return;
      }
      const sorted = sortFaults(failure, FIELDS);
      setRest(sorted.rest);
      let first = true;
      for (const field of FIELDS) {
        const message = sorted.fields[field];
        if (!message) continue;
        setError(field, { message }, { shouldFocus: first });
        first = false;
      }
    }
  });

  const takeTheirs = async () => {
    if (!existing) return;
    const { value, etag } = await client.fetchQuery({
      ...ruleQuery(existing.rule.id),
      staleTime: 0,
    });
    setExisting({ rule: value, etag: etag ?? existing.etag });
    reset(toForm(value));
    setConflict(false);
  };

  const behind = existing && newest && newest.rule.version > existing.rule.version;
  useEffect(() => {
    if (!behind || isDirty || isSubmitting) return;
    setExisting(newest);
    reset(toForm(newest.rule));
  }, [behind, isDirty, isSubmitting, newest, reset]);

  const deciding = useDeciding(form);
  const foreseen = useRuleEffect(deciding, existing?.rule);
  const effect = foreseen?.pending ? undefined : foreseen?.effect;
  const effectId = useId();
  const changes = !existing || isDirty;
  const repository = repositories.find(({ id }) => String(id) === form.repository_id);
  return (
    <Page>
      <form noValidate onSubmit={(event) => void save(event)}>
        <PageHead
          title={existing ? `Edit ${existing.rule.name}` : 'New rule'}
          aside={
            <span id={effectId} role="status" className="text-ui text-text-2">
              {!changes
                ? existing.rule.repository
                : effect
                  ? effectSentence(effect)
                  : isDirty && 'Nothing changes until you save'}
            </span>
          }
          actions={
            <>
              {existing && (
                <Button kind="quiet" disabledReason={denied} onClick={() => setRemoving(true)}>
                  Delete rule…
                </Button>
              )}
              <Link to="/rules" className={buttonClass({ kind: 'quiet' })}>
                {isDirty ? 'Discard' : 'Back'}
              </Link>
              <Button
                kind="primary"
                type="submit"
                busy={isSubmitting}
                aria-describedby={changes && effect ? effectId : undefined}
                disabledReason={
                  denied ?? (existing && !isDirty ? 'Nothing is changed.' : undefined)
                }
              >
                Save rule
              </Button>
            </>
          }
        />
        <div className="mb-4 space-y-2 empty:hidden">
          {(conflict || (behind && isDirty && !isSubmitting)) && (
            <Bar tone="warn" role="alert">
              <p className="font-semibold">Somebody else changed this rule in the meantime.</p>
              <p className="mb-2">
                Saving now would undo their change. What you typed is still here.
              </p>
              <Button size="small" onClick={() => void takeTheirs()}>
                Load their version and drop mine
              </Button>
            </Bar>
          )}
          {rest && (
            <Bar tone="bad" role="alert">
              <strong className="font-semibold">Could not save.</strong> {rest}
            </Bar>
          )}
        </div>
        <div className="grid items-start gap-x-8 gap-y-6 lg:grid-cols-[minmax(0,420px)_minmax(0,1fr)]">
          <div className="space-y-5">
            <SelectField
              label="Repository"
              disabled={Boolean(existing)}
              error={errors.repository_id?.message}
              hint={existing && 'A rule stays with its repository.'}
              {...register('repository_id')}
            >
              {!repository && <option value="">Choose a repository</option>}
              {repositories.map(({ id, full_name }) => (
                <option key={id} value={id}>
                  {full_name}
                </option>
              ))}
              {existing && !repository && (
                <option value={existing.rule.repository_id}>{existing.rule.repository}</option>
              )}
            </SelectField>
            <Controller
              control={control}
              name="event"
              render={({ field }) => (
                <ChoiceField
                  label="When"
                  name={field.name}
                  options={EVENTS}
                  value={field.value}
                  onChange={(event) => {
                    const next = switchEvent(getValues(), event, baseDomain(publicUrl));
                    for (const key of FIELDS) {
                      setValue(key, next[key], { shouldDirty: true });
                    }
                  }}
                />
              )}
            />
            <TextAreaField
              label={form.event === 'tag' ? 'Tag patterns' : 'Branch patterns'}
              mono
              rows={2}
              optional
              hint={
                form.event === 'pull_request'
                  ? 'One pattern per line, for the target branch. Leave empty for any.'
                  : 'One pattern per line. * stops at /, ** does not, ! excludes. Leave empty for any.'
              }
              error={errors.refs?.message}
              {...register('refs')}
            />
            <TextAreaField
              label="Path patterns"
              mono
              rows={2}
              optional
              hint="One pattern per line. Deploys only if a matching file changed. Leave empty for any."
              error={errors.paths?.message}
              {...register('paths')}
            />
            <TextField
              label="Environment"
              mono
              hint="May use {{branch}}, {{tag}} and {{number}}."
              error={errors.environment?.message}
              {...register('environment')}
            />
            <TextField
              label="Host"
              mono
              hint="May use {{app}} and {{environment}} as well."
              error={errors.host?.message}
              {...register('host')}
            />
            <TextField
              label="Compose file"
              mono
              hint="From the repository’s root. A name that ends in .hbs is a Handlebars template."
              error={errors.compose_file?.message}
              {...register('compose_file')}
            />
            <SelectField
              label="When a registry does not answer"
              hint="For images that the compose file names by a tag."
              error={errors.on_registry_failure?.message}
              {...register('on_registry_failure')}
            >
              {Object.entries(WHEN_AWAY).map(([word, label]) => (
                <option key={word} value={word}>
                  {label}
                </option>
              ))}
            </SelectField>
            <SelectField
              label="Priority"
              hint="Who goes first when deployments wait. Every five minutes of waiting raise the rank by one."
              error={errors.priority?.message}
              {...register('priority')}
            >
              {Object.entries(PRIORITIES).map(([word, label]) => (
                <option key={word} value={word}>
                  {label}
                </option>
              ))}
            </SelectField>
            <TextField
              label="Deployments at once"
              optional
              inputMode="numeric"
              hint={
                form.event === 'pull_request'
                  ? 'How many of its previews may be deployed at once; the others wait. Empty for no limit of its own.'
                  : 'How many of its deployments may go on at once; the others wait. Empty for no limit of its own.'
              }
              error={errors.at_once?.message}
              {...register('at_once')}
            />
            <SelectField
              label="Policy"
              hint={POLICIES[form.policy].help}
              error={errors.policy?.message}
              {...register('policy')}
            >
              {Object.entries(POLICIES).map(([policy, { word }]) => (
                <option key={policy} value={policy}>
                  {word}
                </option>
              ))}
            </SelectField>
            <TextField label="Name" error={errors.name?.message} {...register('name')} />
            <CheckField
              label="On"
              hint="A rule that is off is still shown with each event it would have matched."
              {...register('enabled')}
            />
          </div>
          <div className="min-w-0 space-y-6">
            {existing && isDirty && foreseen && <RuleEffect foreseen={foreseen} form={form} />}
            <RuleStory form={form} repository={repository} publicUrl={publicUrl} />
            <RuleMatches draft={deciding.draft} />
            <RuleReplay draft={deciding.draft} />
          </div>
        </div>
      </form>
      {existing && (
        <Confirm
          open={removing}
          onOpenChange={setRemoving}
          title={`Delete the rule ${existing.rule.name}?`}
          action="Delete rule"
          onConfirm={async () => {
            await deleteRule(existing.rule.id, existing.etag);
            say('Rule deleted');
            await navigate({ to: '/rules', ignoreBlocker: true });
          }}
        >
          <p>
            Nothing that it listens to deploys any more. Stacks that it made stay, and can still be
            redeployed by hand.
          </p>
        </Confirm>
      )}
      <Unsaved dirty={isDirty} busy={isSubmitting} what="this rule" />
    </Page>
  );
}
