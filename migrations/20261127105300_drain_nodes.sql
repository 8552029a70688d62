-- Expand: an older Berth goes on writing nodes without these.
alter table node
    add column state_since timestamptz not null default now(),
    add column asked       boolean     not null default false;
comment on column node.asked is 'Whether it is the one whose engine the leading Berth asks.';

create table node_intent (
    node_id      text        primary key references node (node_id) on delete cascade,
    availability text        not null constraint node_intent_availability_check check (availability in ('active', 'pause', 'drain')),
    asked_by     text        not null,
    asked_at     timestamptz not null default now(),
    done_at      timestamptz,
    failure      text,
    constraint node_intent_failure_check check (failure is null or done_at is not null)
);
comment on table node_intent is 'What a person last wanted of a node. The API writes it, the leader does it once: what is changed later by other hands stays.';

create trigger note_change after insert or update on node_intent
    for each row execute function note_change('node', 'node_id');
