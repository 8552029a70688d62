create table node (
    node_id        text        primary key,
    hostname       text        not null,
    role           text        not null constraint node_role_check check (role in ('manager', 'worker')),
    leader         boolean     not null,
    availability   text        not null constraint node_availability_check check (availability in ('active', 'pause', 'drain')),
    state          text        not null constraint node_state_check check (state in ('unknown', 'ready', 'down', 'disconnected')),
    message        text        not null,
    address        text        not null,
    engine         text        not null,
    os             text        not null,
    architecture   text        not null,
    nano_cpus      bigint      not null,
    memory         bigint      not null,
    labels         jsonb       not null,
    -- Since when it is away; a change of Swarm's leader makes a node unknown for a
    -- moment, which changes nothing about that.
    away_since     timestamptz
);
comment on table node is 'The nodes of the Swarm as the leader last saw them: whichever replica is asked can tell of them.';

create table node_outage (
    outage_id  uuid        primary key,
    node_id    text        not null,
    hostname   text        not null,
    lost_at    timestamptz not null,
    ended_at   timestamptz,
    ending     text        constraint node_outage_ending_check check (ending in ('back', 'removed')),
    constraint node_outage_ended_check check ((ended_at is null) = (ending is null))
);
comment on table node_outage is 'When nodes were away, so that what happened can be told later. A node that was removed from the Swarm keeps its outages for a while.';
create unique index node_outage_open on node_outage (node_id) where ended_at is null;
create index node_outage_order on node_outage (lost_at);

create trigger note_change after insert or update or delete on node
    for each row execute function note_change('node', 'node_id');
