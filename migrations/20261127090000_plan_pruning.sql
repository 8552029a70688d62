-- What nothing asks for and will be removed, so that people can read it first, and
-- who let a removal go on that was more than Berth does by itself.
create table prune_plan (
    only_one    boolean     primary key default true constraint prune_plan_only_one check (only_one),
    orphans     jsonb       not null default '[]',
    held        boolean     not null default false,
    approved    text[]      not null default '{}',
    approved_by text,
    approved_at timestamptz,
    constraint prune_plan_approved_check check ((approved_at is null) = (approved_by is null))
);
comment on table prune_plan is 'What nothing asks for and will be removed; the leader writes it.';
create trigger note_change after insert or update on prune_plan
    for each row execute function note_change('prune', 'only_one');
