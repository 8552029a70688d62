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

-- A deployment of a protected environment waits until a person approves it, and
-- one of a frozen environment until it is not.
alter table environment
    add column protected boolean not null default false,
    add column frozen_from timestamptz,
    add column frozen_until timestamptz,
    add constraint environment_frozen_check check
        ((frozen_from is null) = (frozen_until is null) and frozen_from < frozen_until);

alter table deployment
    add column approved_at timestamptz,
    add column approved_by text,
    add constraint deployment_approved_check check ((approved_at is null) = (approved_by is null));
