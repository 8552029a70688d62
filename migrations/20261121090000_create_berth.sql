-- The first schema. House style: migrations/README.md.

-- Leadership ---------------------------------------------------------------

create table leader_lease (
    lease_name text primary key,
    holder     uuid        not null,
    epoch      bigint      not null,
    expires_at timestamptz not null
);
comment on table leader_lease is 'Who may act, and until when; written by store::leases only.';

-- GitHub -------------------------------------------------------------------

create table instance (
    instance_id uuid        not null,
    only_one    boolean     primary key default true constraint instance_only_one check (only_one),
    public_url  text,
    created_at  timestamptz not null default now()
);
comment on table instance is 'This Berth: its id labels every object it makes on a cluster.';

create table github_app (
    app_id          bigint      primary key,
    slug            text        not null,
    name            text        not null,
    owner_login     text        not null,
    html_url        text        not null,
    client_id       text        not null,
    client_secret   bytea       not null,
    webhook_secret  bytea       not null,
    private_key     bytea       not null,
    created_at      timestamptz not null default now()
);
comment on table github_app is 'Our GitHub App. The three secrets are sealed (store::seal).';

create table setup_state (
    state_hash bytea       primary key,
    user_id    uuid        not null,
    purpose    text        not null constraint setup_state_purpose_check check (purpose in ('manifest', 'install')),
    expires_at timestamptz not null
);
comment on table setup_state is 'Single-use state values of round trips to GitHub, hashed.';

create table installation (
    installation_id      bigint      primary key,
    account_id           bigint      not null,
    account_login        text        not null,
    account_kind         text        not null,
    repository_selection text        not null default 'selected',
    permissions          jsonb       not null default '{}',
    suspended_at         timestamptz,
    removed_at           timestamptz,
    created_at           timestamptz not null default now(),
    updated_at           timestamptz not null default now()
);
comment on table installation is 'Our App on an account; follows GitHub''s installation events.';

create table repository (
    repository_id   bigint      primary key,
    installation_id bigint      not null references installation,
    owner           text        not null,
    name            text        not null,
    default_branch  text        not null default 'main',
    private         boolean     not null default true,
    removed_at      timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
comment on table repository is 'A repository that an installation lets us see. Names change, the id does not.';
create index repository_by_installation on repository (installation_id);

-- The inbox ----------------------------------------------------------------

create table delivery (
    delivery_id   text        primary key,
    event         text        not null,
    body          bytea       not null,
    received_at   timestamptz not null default now(),
    processed_at  timestamptz,
    attempts      integer     not null default 0,
    retry_at      timestamptz not null default now(),
    outcome       text        constraint delivery_outcome_check check (outcome in ('deployed', 'ignored', 'recorded', 'failed')),
    reason        text,
    action        text,
    repository_id bigint,
    git_ref       text,
    sha           text,
    sender        text
);
comment on table delivery is 'Webhooks as received, keyed by GitHub''s GUID: the durable inbox. outcome and reason say what came of each.';
create index delivery_waiting on delivery (retry_at) where processed_at is null;
create index delivery_newest on delivery (received_at desc, delivery_id desc);

-- What deploys where -------------------------------------------------------

create table rule (
    rule_id       uuid        primary key,
    repository_id bigint      not null references repository,
    position      integer     not null,
    name          text        not null,
    event         text        not null constraint rule_event_check check (event in ('push', 'tag', 'pull_request')),
    refs          text[]      not null default '{}',
    paths         text[]      not null default '{}',
    environment   text        not null,
    compose_file  text        not null,
    host          text        not null,
    enabled       boolean     not null default true,
    version       bigint      not null default 1,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    constraint rule_name_unique unique (repository_id, name)
);
comment on table rule is 'Predicates on events, and the environment that a match deploys. version is the ETag.';

create table environment (
    environment_id uuid        primary key,
    repository_id  bigint      not null references repository,
    name           text        not null,
    kind           text        not null constraint environment_kind_check check (kind in ('permanent', 'preview')),
    pull_request   bigint,
    pull_request_title text,
    pull_request_author text,
    host           text        not null,
    created_at     timestamptz not null default now(),
    closed_at      timestamptz,
    constraint environment_preview_check check ((kind = 'preview') = (pull_request is not null))
);
comment on table environment is 'A named target of a repository; a preview belongs to a pull request and ends with it.';
create unique index environment_open_name_unique on environment (repository_id, name) where closed_at is null;

create table stack (
    stack_id       uuid        primary key,
    environment_id uuid        not null references environment,
    name           text        not null,
    wanted         text        not null default 'present' constraint stack_wanted_check check (wanted in ('present', 'absent')),
    release_id     uuid,
    observed       jsonb,
    observed_at    timestamptz,
    removed_at     timestamptz,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now()
);
comment on table stack is 'Everything on the cluster for one environment. The row stays until Docker confirmed that it is gone (removed_at). observed is the last pass''s report.';
create unique index stack_live_name_unique on stack (name) where removed_at is null;
create unique index stack_live_environment_unique on stack (environment_id) where removed_at is null;

create table release (
    release_id uuid        primary key,
    stack_id   uuid        not null references stack,
    number     bigint      not null,
    commit_sha text        not null,
    spec       bytea       not null,
    images     jsonb       not null default '[]',
    created_at timestamptz not null default now(),
    constraint release_number_unique unique (stack_id, number)
);
comment on table release is 'An immutable answer to "what would run". spec is a sealed StackSpec: it has secrets in it.';
alter table stack add constraint stack_release_fkey foreign key (release_id) references release;

create table deployment (
    deployment_id  uuid        primary key,
    stack_id       uuid        not null references stack,
    number         bigint      not null,
    trigger        text        not null constraint deployment_trigger_check check (trigger in ('push', 'tag', 'pull_request', 'manual', 'rollback')),
    delivery_id    text        references delivery on delete set null,
    rule_id        uuid        references rule on delete set null,
    rule_name      text,
    why            text        not null,
    commit_sha     text        not null,
    commit_message text        not null default '',
    commit_author  text        not null default '',
    git_ref        text        not null,
    compose_file   text        not null,
    host           text        not null,
    requested_by   uuid,
    release_id     uuid        references release,
    phase          text        not null default 'received' constraint deployment_phase_check check (phase in
        ('received', 'fetched', 'built', 'rendered', 'applied', 'converged', 'routed', 'succeeded', 'failed', 'superseded', 'cancelled')),
    reason         jsonb,
    cancel_requested_at timestamptz,
    deadline_at    timestamptz not null,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    finished_at    timestamptz,
    constraint deployment_number_unique unique (stack_id, number)
);
comment on table deployment is 'One attempt to bring a stack to a commit. phase only ever goes forward (store::deployments::advance).';
create unique index deployment_once_a_delivery on deployment (delivery_id, stack_id) where delivery_id is not null;
create index deployment_open on deployment (stack_id, number) where finished_at is null;
create index deployment_newest on deployment (stack_id, number desc);

create table deployment_phase (
    deployment_id uuid        not null references deployment on delete cascade,
    phase         text        not null,
    started_at    timestamptz not null default now(),
    ended_at      timestamptz,
    state         text        not null constraint deployment_phase_state_check check (state in ('running', 'done', 'failed', 'stopped')),
    message       text        not null default '',
    primary key (deployment_id, phase)
);
comment on table deployment_phase is 'Each step of a deployment by the phase it leads to, with start, end and message.';

create table delivery_decision (
    delivery_id   text    not null references delivery on delete cascade,
    position      integer not null,
    rule_id       uuid    references rule on delete set null,
    rule_name     text    not null,
    matched       boolean not null,
    reason        text    not null,
    deployment_id uuid    references deployment,
    primary key (delivery_id, position)
);
comment on table delivery_decision is 'What every rule made of a delivery, and why.';

create table build_log (
    build_log_id  bigint generated always as identity primary key,
    deployment_id uuid        not null references deployment on delete cascade,
    service       text        not null,
    line          text        not null,
    logged_at     timestamptz not null default now()
);
comment on table build_log is 'Build output, a row a line, in order.';
create index build_log_of_deployment on build_log (deployment_id, build_log_id);

-- What GitHub is owed ------------------------------------------------------

create table outbox (
    outbox_id     bigint generated always as identity primary key,
    subject       text        not null,
    kind          text        not null constraint outbox_kind_check check (kind in ('deployment', 'check_run', 'comment')),
    repository_id bigint      not null references repository,
    deployment_id uuid        references deployment on delete cascade,
    environment_id uuid       references environment,
    attempts      integer     not null default 0,
    due_at        timestamptz not null default now(),
    last_error    text,
    changed_at    timestamptz not null default now(),
    sent_at       timestamptz,
    constraint outbox_subject_unique unique (subject)
);
comment on table outbox is 'Reports due to GitHub, one row a subject: the newest state is what is sent, so a burst becomes one call.';
create index outbox_due on outbox (due_at) where sent_at is null;

create table github_report (
    deployment_id        uuid primary key references deployment on delete cascade,
    github_deployment_id bigint,
    last_state           text,
    check_run_id         bigint,
    check_state          text
);
comment on table github_report is 'What GitHub calls the things that we told it about a deployment.';

create table pull_request_comment (
    repository_id bigint not null references repository,
    pull_request  bigint not null,
    comment_id    bigint not null,
    body_hash     text   not null,
    primary key (repository_id, pull_request)
);
comment on table pull_request_comment is 'Our one sticky comment on each pull request.';

-- People -------------------------------------------------------------------

create table account (
    user_id       uuid        primary key,
    email         text        not null,
    name          text        not null,
    password_hash text        not null,
    role          text        not null constraint account_role_check check (role in ('viewer', 'operator', 'admin')),
    created_at    timestamptz not null default now()
);
comment on table account is 'People. The password is hashed with argon2id.';
create unique index account_email_unique on account (lower(email));

create table setup_link (
    token_hash bytea       primary key,
    created_at timestamptz not null default now(),
    used_at    timestamptz
);
comment on table setup_link is 'The one-time link that makes the first account; hashed.';

create table login_session (
    session_hash bytea       primary key,
    user_id      uuid        not null references account on delete cascade,
    created_at   timestamptz not null default now(),
    seen_at      timestamptz not null default now(),
    expires_at   timestamptz not null,
    user_agent   text        not null default ''
);
comment on table login_session is 'Browsers that are logged in; the cookie''s value is stored hashed.';

create table api_token (
    token_id   uuid        primary key,
    user_id    uuid        not null references account on delete cascade,
    name       text        not null,
    token_hash bytea       not null constraint api_token_hash_unique unique,
    created_at timestamptz not null default now(),
    used_at    timestamptz,
    revoked_at timestamptz
);
comment on table api_token is 'Tokens for the API, stored hashed.';

-- The stream ---------------------------------------------------------------

create table change (
    change_id  bigint generated always as identity primary key,
    -- Rows become visible in commit order, not in the order of their ids: the
    -- stream reads by (transaction_id, change_id) below the oldest running one.
    transaction_id xid8  not null default pg_current_xact_id(),
    topic      text        not null,
    subject_id text        not null,
    changed_at timestamptz not null default now()
);
comment on table change is 'What the event stream tells browsers, written by triggers; kept for an hour.';
create index change_order on change (transaction_id, change_id);

create function note_change() returns trigger language plpgsql as $$
declare
    subject text;
begin
    execute format('select ($1).%I::text', tg_argv[1]) into subject using coalesce(new, old);
    insert into change (topic, subject_id) values (tg_argv[0], subject);
    perform pg_notify('berth_change', '');
    return null;
end;
$$;

create function note_log() returns trigger language plpgsql as $$
begin
    insert into change (topic, subject_id)
    select distinct 'build_log', deployment_id::text from lines;
    perform pg_notify('berth_change', '');
    return null;
end;
$$;

create trigger note_change after insert or update or delete on stack
    for each row execute function note_change('stack', 'stack_id');
create trigger note_change after insert or update on deployment
    for each row execute function note_change('deployment', 'deployment_id');
create trigger note_change after insert or update on deployment_phase
    for each row execute function note_change('deployment', 'deployment_id');
create trigger note_change after insert or update or delete on rule
    for each row execute function note_change('rule', 'rule_id');
create trigger note_change after insert or update on repository
    for each row execute function note_change('repository', 'repository_id');
create trigger note_change after insert or update on installation
    for each row execute function note_change('installation', 'installation_id');
create trigger note_change after insert or update or delete on github_app
    for each row execute function note_change('github_app', 'app_id');
-- Not on arrival: deliveries may come by the thousand. Once judged, they are news.
create trigger note_change after update of processed_at on delivery
    for each row when (new.processed_at is not null)
    execute function note_change('delivery', 'delivery_id');
create trigger note_change after insert or update on environment
    for each row execute function note_change('environment', 'environment_id');
create trigger note_change_of_log after insert on build_log
    referencing new table as lines
    for each statement execute function note_log();
