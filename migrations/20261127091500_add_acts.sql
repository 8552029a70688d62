-- What people and the reconciler did, for those who ask later who it was.
-- An older Berth writes none: what it does while both run is not listed.
create table act (
    act_id      bigint generated always as identity primary key,
    happened_at timestamptz not null default now(),
    -- The account, if it was a person. It may be gone: the name stays.
    user_id     uuid,
    actor       text        not null,
    kind        text        not null,
    subject     text        not null,
    stack       text,
    number      bigint,
    detail      text        not null default ''
);
comment on table act is 'Who did what to what, written with the act itself (store::acts); user_id is null where the reconciler did it. stack and number say where it shows.';
create index act_newest on act (happened_at desc, act_id desc);
-- The events list deployments of all stacks by age.
create index deployment_begun on deployment (created_at desc);

create trigger note_change after insert on act
    for each row execute function note_change('act', 'act_id');
