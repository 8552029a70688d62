import type {
  OnRegistryFailure,
  Policy,
  Priority,
  Repository,
  Rule,
  RuleDraft,
  RuleEvent,
} from '~/api/schema.gen';

/** A rule as its form holds it: patterns are lines of text. */
export type RuleForm = {
  repository_id: string;
  name: string;
  event: RuleEvent;
  refs: string;
  paths: string;
  environment: string;
  compose_file: string;
  host: string;
  on_registry_failure: OnRegistryFailure;
  priority: Priority;
  /** Empty for as many as there are places. */
  at_once: string;
  policy: Policy;
  enabled: boolean;
};

export const FIELDS = [
  'repository_id',
  'name',
  'event',
  'refs',
  'paths',
  'environment',
  'compose_file',
  'host',
  'on_registry_failure',
  'priority',
  'at_once',
  'policy',
  'enabled',
] as const satisfies readonly (keyof RuleForm)[];

type Defaults = Pick<RuleForm, 'name' | 'refs' | 'environment' | 'host' | 'policy'>;

/** What a new rule for an event starts with. */
export function defaults(event: RuleEvent, domain: string): Defaults {
  switch (event) {
    case 'push':
      return {
        name: 'production',
        refs: 'main',
        environment: 'production',
        host: `{{app}}.${domain}`,
        policy: 'trusted',
      };
    case 'pull_request':
      return {
        name: 'previews',
        refs: '',
        environment: 'pr-{{number}}',
        host: `pr-{{number}}.{{app}}.${domain}`,
        policy: 'restricted',
      };
    case 'tag':
      return {
        name: 'releases',
        refs: 'v*',
        environment: 'production',
        host: `{{app}}.${domain}`,
        policy: 'trusted',
      };
  }
}

export function emptyForm(event: RuleEvent, repository: string, domain: string): RuleForm {
  return {
    ...defaults(event, domain),
    repository_id: repository,
    event,
    paths: '',
    compose_file: 'compose.yaml',
    on_registry_failure: 'fail',
    priority: 'normal',
    at_once: '',
    enabled: true,
  };
}

/** Another event: what still has the old event's default gets the new one's. */
export function switchEvent(form: RuleForm, event: RuleEvent, domain: string): RuleForm {
  const before = defaults(form.event, domain);
  const after = defaults(event, domain);
  const next = { ...form, event };
  for (const key of ['name', 'refs', 'environment', 'host'] as const) {
    if (form[key] === before[key]) next[key] = after[key];
  }
  // Trust is never kept from another event: it was given to other people.
  next.policy = after.policy;
  return next;
}

export function toForm(rule: Rule): RuleForm {
  return {
    repository_id: String(rule.repository_id),
    name: rule.name,
    event: rule.event,
    refs: rule.refs.join('\n'),
    paths: rule.paths.join('\n'),
    environment: rule.environment,
    compose_file: rule.compose_file,
    host: rule.host,
    on_registry_failure: rule.on_registry_failure,
    priority: rule.priority,
    at_once: rule.at_once === null ? '' : String(rule.at_once),
    policy: rule.policy,
    enabled: rule.enabled,
  };
}

/** One pattern a line; empty lines and spaces around don't count. */
export const patterns = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

export function toDraft(form: RuleForm): RuleDraft {
  return {
    repository_id: Number(form.repository_id),
    name: form.name.trim(),
    event: form.event,
    refs: patterns(form.refs),
    paths: patterns(form.paths),
    environment: form.environment.trim(),
    compose_file: form.compose_file.trim(),
    host: form.host.trim(),
    on_registry_failure: form.on_registry_failure,
    priority: form.priority,
    at_once: form.at_once.trim() ? Number(form.at_once) : null,
    policy: form.policy,
    enabled: form.enabled,
  };
}

/** Where hosts of this Berth live: its own domain without the first label, or localhost. */
export function baseDomain(publicUrl: string): string {
  try {
    const { hostname } = new URL(publicUrl);
    if (hostname === 'localhost' || /^[\d.]+$|:|\[/.test(hostname)) return 'localhost';
    const labels = hostname.split('.');
    return labels.length > 2 ? labels.slice(1).join('.') : hostname;
  } catch {
    return 'localhost';
  }
}

/** What addresses begin with where people reach this Berth; empty where that is not known. */
export const schemeOf = (publicUrl: string): string => /^https?:\/\//.exec(publicUrl)?.[0] ?? '';

/** How deployments are ranked among those that wait for a place, in the form. */
export const PRIORITIES: Record<Priority, string> = {
  high: 'High: before the others',
  normal: 'Normal: as they come, previews last',
  low: 'Low: after the others',
};

/** What a policy means, in the form. */
export const POLICIES: Record<Policy, { word: string; help: string }> = {
  trusted: {
    word: 'Trusted',
    help: 'The compose file may ask for whatever Swarm can do, the nodes’ folders and ports included.',
  },
  restricted: {
    word: 'Restricted',
    help: 'The compose file gets nothing of the nodes and of other stacks, and limits on what it uses. For what nobody has agreed to yet, such as pull requests.',
  },
};

const EXAMPLES: Record<RuleEvent, { what: string; values: Record<string, string> }> = {
  push: { what: 'a push', values: { branch: 'main' } },
  tag: { what: 'a tag', values: { tag: 'v1-2-0' } },
  pull_request: { what: 'a pull request', values: { number: '7', branch: 'feature' } },
};

export type Story = { when: string; filter: string; environment: string; host: string };

/** What the rule would do, told with an example. The server decides; this only illustrates. */
export function story(
  form: RuleForm,
  repository: Pick<Repository, 'name' | 'full_name'> | undefined,
): Story {
  const { what, values } = EXAMPLES[form.event];
  const refs = patterns(form.refs);
  const paths = patterns(form.paths);
  const onto = form.event === 'pull_request' ? ' into ' : ' to ';
  const all = form.event === 'tag' ? 'any tag' : 'any branch';
  const known = { ...values, app: repository?.name ?? 'app' };
  const environment = fill(form.environment, known);
  return {
    when:
      form.event === 'tag'
        ? `${refs.length > 0 ? `A tag ${list(refs)}` : 'Any tag'} of ${repository?.full_name ?? 'the repository'}`
        : `${capital(what)}${onto}${refs.length > 0 ? list(refs) : all} of ${repository?.full_name ?? 'the repository'}`,
    filter: paths.length > 0 ? `where ${list(paths)} changed` : '',
    environment,
    host: fill(form.host, { ...known, environment }),
  };
}

function fill(template: string, values: Record<string, string>): string {
  return template.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole);
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const list = (items: readonly string[]) => items.join(', ');
