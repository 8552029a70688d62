-- Logins to registries, and what a deployment does while one is away.

create table registry (
    host       text        primary key,
    username   text        not null,
    password   bytea       not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table registry is 'Who we are to a registry, by its host. The password is sealed (store::seal).';

alter table rule add column on_registry_failure text not null default 'fail'
    constraint rule_on_registry_failure_check check (on_registry_failure in ('fail', 'use_known'));

alter table environment add column on_registry_failure text not null default 'fail'
    constraint environment_on_registry_failure_check check (on_registry_failure in ('fail', 'use_known'));
