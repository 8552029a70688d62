-- A deployment of a protected environment waits until a person approves it, and
-- one of a frozen environment until it is not.
-- A Berth that does not know of it yet goes on deploying.
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
