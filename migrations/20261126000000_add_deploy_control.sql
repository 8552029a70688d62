-- A stack that is paused is left as it is; what waits says what it waits for.
-- An environment says what becomes of a deployment that failed.
-- A Berth that does not know of it yet goes on deploying.

alter table stack
    add column paused_at timestamptz,
    add column paused_by text,
    add constraint stack_paused_check check ((paused_at is null) = (paused_by is null));

alter table deployment add column waiting text;

alter table environment add column on_failure text not null default 'rollback'
    constraint environment_on_failure_check check (on_failure in ('rollback', 'keep'));
