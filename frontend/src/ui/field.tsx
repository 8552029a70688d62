import { useId, type ComponentProps, type ReactNode } from 'react';

import { cn } from '~/lib/cn';

import { Select } from './select';

const control = cn(
  'h-8 w-full rounded-control border bg-surface px-2.5 text-ui text-text',
  'disabled:bg-sunken disabled:text-text-3',
);
const border = (bad: boolean) => (bad ? 'border-bad' : 'border-line-strong');

type Shell = {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
};

function useShell({ hint, error }: Pick<Shell, 'hint' | 'error'>) {
  const id = useId();
  const described = cn(Boolean(hint) && `${id}-hint`, Boolean(error) && `${id}-error`);
  return {
    id,
    aria: {
      id,
      'aria-invalid': error ? true : undefined,
      'aria-describedby': described || undefined,
    } as const,
  };
}

function FieldShell({
  id,
  label,
  hint,
  error,
  optional,
  children,
}: Shell & { id: string; children: ReactNode }) {
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-ui font-medium">
        {label}
        {optional && <span className="font-normal text-text-3"> optional</span>}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="mt-1.5 text-meta text-text-2">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className="mt-1.5 text-meta font-medium text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

export function TextField({
  label,
  hint,
  error,
  optional,
  mono,
  ...input
}: Shell & { mono?: boolean } & ComponentProps<'input'>) {
  const { id, aria } = useShell({ hint, error });
  return (
    <FieldShell id={id} label={label} hint={hint} error={error} optional={optional}>
      <input
        type="text"
        {...input}
        {...aria}
        className={cn(control, border(Boolean(error)), mono && 'font-mono text-meta')}
      />
    </FieldShell>
  );
}

export function TextAreaField({
  label,
  hint,
  error,
  optional,
  mono,
  ...input
}: Shell & { mono?: boolean } & ComponentProps<'textarea'>) {
  const { id, aria } = useShell({ hint, error });
  return (
    <FieldShell id={id} label={label} hint={hint} error={error} optional={optional}>
      <textarea
        rows={3}
        {...input}
        {...aria}
        className={cn(
          'block w-full rounded-control border bg-surface px-2.5 py-1.5 text-ui',
          border(Boolean(error)),
          mono && 'font-mono text-meta leading-5',
        )}
      />
    </FieldShell>
  );
}

export function SelectField({
  label,
  hint,
  error,
  optional,
  children,
  ...input
}: Shell & ComponentProps<'select'>) {
  const { id, aria } = useShell({ hint, error });
  return (
    <FieldShell id={id} label={label} hint={hint} error={error} optional={optional}>
      <Select {...input} {...aria} bad={Boolean(error)}>
        {children}
      </Select>
    </FieldShell>
  );
}

/** A few choices side by side: a radio group that looks like a switch. */
export function ChoiceField<T extends string>({
  label,
  name,
  options,
  value,
  onChange,
  hint,
}: {
  label: string;
  name: string;
  options: readonly { value: T; label: string }[];
  value: T;
  onChange: (next: T) => void;
  hint?: string;
}) {
  return (
    <fieldset>
      <legend className="mb-1.5 block text-ui font-medium">{label}</legend>
      <div className="grid auto-cols-fr grid-flow-col rounded-control border border-line bg-sunken p-0.5">
        {options.map((option) => (
          <label
            key={option.value}
            className={cn(
              'flex min-h-7 cursor-pointer items-center justify-center rounded-tag border px-2 py-0.5 text-center text-ui',
              'has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-focus',
              option.value === value
                ? 'border-line bg-surface font-medium text-text dark:bg-active'
                : 'border-transparent text-text-2 hover:text-text',
            )}
          >
            <input
              type="radio"
              className="sr-only"
              name={name}
              value={option.value}
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
      {hint && <p className="mt-1.5 text-meta text-text-2">{hint}</p>}
    </fieldset>
  );
}

export function CheckField({
  label,
  hint,
  ...input
}: { label: string; hint?: string } & ComponentProps<'input'>) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <input
        type="checkbox"
        {...input}
        id={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="mt-0.5 size-4 accent-accent"
      />
      <div>
        <label htmlFor={id} className="block text-ui font-medium">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-meta text-text-2">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
