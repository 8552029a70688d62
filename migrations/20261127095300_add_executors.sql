-- What becomes of the volumes of an environment's stack once that is gone. A Berth
-- that does not know of it yet makes previews whose volumes are kept.
alter table environment
    add column volumes      text not null default 'keep',
    add column volumes_days smallint,
    add constraint environment_volumes_check check (volumes in ('keep', 'with_stack', 'after_days')),
    add constraint environment_volumes_days_check check (
        (volumes = 'after_days') = (volumes_days is not null) and volumes_days between 1 and 3650);
update environment set volumes = 'with_stack' where kind = 'preview';

-- What a release calls its images, beside its sealed spec. Null until the leader has
-- read that: then nobody knows what it names, and no image goes.
alter table release add column image_keys text[];
create index release_unnamed on release (created_at) where image_keys is null;

create table old_image (
    image_key text        primary key,
    since     timestamptz not null default now()
);
comment on table old_image is 'What releases called their images that were forgotten: only of these is known that a node pulled them for us.';

create table executor_token (
    only_one   boolean     primary key default true constraint executor_token_only_one check (only_one),
    token      bytea       not null,
    token_hash bytea       not null,
    created_at timestamptz not null default now()
);
comment on table executor_token is 'What executors show to report and to be told. token is sealed, for the leader, which gives it to their service; the API knows the hash.';

create table executor (
    node_id     text        primary key,
    hostname    text        not null,
    version     text        not null,
    report      jsonb       not null,
    reported_at timestamptz not null default now(),
    failures    jsonb       not null default '[]',
    plan        jsonb       not null default '[]'
);
comment on table executor is 'What the executor of a node said last, and what the leader plans to have removed there. It goes with its node.';
-- Not of each report: it comes twice a minute and mostly says the same.
create trigger note_change after update on executor for each row
    when ((old.plan, old.failures) is distinct from (new.plan, new.failures))
    execute function note_change('prune', 'node_id');
create trigger note_coming after insert or delete on executor
    for each row execute function note_change('prune', 'node_id');
