create table log_source (
    service_id   text        primary key,
    stack_id     uuid        not null references stack on delete cascade,
    service      text        not null,
    -- Until when all that its nodes gave is stored; null before anything is.
    heard_until  timestamptz,
    -- Since when the Swarm has no such service.
    gone_at      timestamptz
);
comment on table log_source is 'The services whose output is followed, by Swarm''s id, and how far it is stored: where the next leader goes on.';
create index log_source_of_stack on log_source (stack_id);

create table log_node (
    service_id  text        not null references log_source on delete cascade,
    node_id     text        not null,
    hostname    text        not null,
    last_at     timestamptz not null,
    constraint log_node_pkey primary key (service_id, node_id)
);
comment on table log_node is 'Which nodes a service''s output came from, and when last: while one of them is away, how far the output is stored is not moved on.';

create table log_line (
    stack_id     uuid        not null references stack on delete cascade,
    log_line_id  bigint      generated always as identity,
    logged_at    timestamptz not null,
    -- What Docker says beyond microseconds.
    nanos        smallint    not null,
    stderr       boolean     not null,
    -- 0 error, 1 warn, 2 info, 3 none told, 4 debug.
    severity     smallint    not null constraint log_line_severity_check check (severity between 0 and 4),
    service      text        not null,
    task         text        not null,
    node         text,
    line         text        not null,
    constraint log_line_pkey primary key (stack_id, log_line_id)
);
comment on table log_line is 'What the containers of stacks wrote, a row a line, in the order it was stored, which is the order it is shown in. Only the leader writes, one transaction at a time, so that numbers become visible in order.';
create index log_line_by_time on log_line (stack_id, logged_at);
create index log_line_of_service on log_line (stack_id, service, log_line_id);
create index log_line_severe on log_line (stack_id, log_line_id) where severity <= 1;

create table log_kept (
    stack_id          uuid        primary key references stack on delete cascade,
    lines             bigint      not null,
    bytes             bigint      not null,
    -- The newest line that was forgotten.
    forgotten_before  timestamptz
);
comment on table log_kept is 'How much of each stack''s output is stored, counted as it is written, so that keeping within limits reads no lines.';

create table log_trouble (
    log_trouble_id  bigint      generated always as identity primary key,
    stack_id        uuid        not null references stack on delete cascade,
    service         text        not null,
    -- A node's name; empty where it is not about one.
    node            text        not null,
    kind            text        not null constraint log_trouble_kind_check check (kind in ('rate', 'docker')),
    since           timestamptz not null,
    last_at         timestamptz not null,
    dropped         bigint      not null,
    message         text        not null
);
comment on table log_trouble is 'What is missing among the lines, and why: a time in which something was dropped, or could not be had.';
create index log_trouble_of_stack on log_trouble (stack_id, last_at);
