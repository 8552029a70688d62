create table route_claim (
    stack_id   uuid        not null references stack on delete cascade,
    protocol   text        not null constraint route_claim_protocol_check check (protocol in ('http', 'tcp', 'udp')),
    entrypoint text        not null,
    host       text        not null,
    path       text        not null,
    created_at timestamptz not null default now(),
    constraint route_claim_entrypoint_check check (protocol = 'http' or (entrypoint <> '' and path = ''))
);
comment on table route_claim is 'What of Traefik''s a stack has for itself: taken before its release, given back once its release does without. entrypoint lists all that HTTP is at, by commas.';
-- A visitor of HTTP knows a host and a path, and of no entry point.
create unique index route_claim_unique on route_claim
    (protocol, (case when protocol = 'http' then '' else entrypoint end), host, path);
create index route_claim_by_stack on route_claim (stack_id);
