-- An environment may be frozen several times, each for a reason; one deployment
-- can be let through. One that waits for approval can be turned down instead.
-- Nobody's change of the settings is lost: they have a version.
-- (`freeze` alone is a word of SQL, hence the plural.)
create table freezes (
    freeze_id      bigint      generated always as identity primary key,
    environment_id uuid        not null references environment on delete cascade,
    starts_at      timestamptz not null,
    ends_at        timestamptz not null,
    reason         text        not null,
    constraint freezes_times_check check (starts_at < ends_at)
);
comment on table freezes is 'When nothing is deployed to an environment, as people said.';
create index freezes_environment on freezes (environment_id, ends_at);

insert into freezes (environment_id, starts_at, ends_at, reason)
select environment_id, frozen_from, frozen_until, 'no reason was given'
from environment where frozen_from is not null;

alter table environment
    drop constraint environment_frozen_check,
    drop column frozen_from,
    drop column frozen_until,
    add column settings_version bigint not null default 1;

alter table deployment
    add column rejected_at timestamptz,
    add column rejected_by text,
    add column rejected_reason text,
    add column freeze_overridden_at timestamptz,
    add column freeze_overridden_by text,
    add column freeze_override_reason text,
    add constraint deployment_rejected_check check
        ((rejected_at is null) = (rejected_by is null)
         and (rejected_at is null) = (rejected_reason is null)),
    add constraint deployment_freeze_overridden_check check
        ((freeze_overridden_at is null) = (freeze_overridden_by is null)
         and (freeze_overridden_at is null) = (freeze_override_reason is null));
