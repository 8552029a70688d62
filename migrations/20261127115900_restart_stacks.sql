-- A restart is a deployment of what runs: it names the services whose tasks are
-- replaced, each with null, or once that is settled with how often Swarm is to
-- have been forced to. Null for any other deployment. A Berth that does not know
-- of it leaves its deployments to one that does.
alter table deployment
    drop constraint deployment_trigger_check,
    add constraint deployment_trigger_check check (trigger in ('push', 'tag', 'pull_request', 'manual', 'rollback', 'restart')),
    add column restarts jsonb,
    add constraint deployment_restarts_check check (restarts is null or jsonb_typeof(restarts) = 'object');
