-- What a deployment's jobs wrote is kept with what its builds wrote.
-- A Berth that does not know of it yet shows those lines as a build's.
alter table build_log add column source text not null default 'build'
    constraint build_log_source_check check (source in ('build', 'job'));
comment on table build_log is 'What builds and jobs of a deployment wrote, a row a line, in order.';
