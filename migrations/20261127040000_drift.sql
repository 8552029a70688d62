-- What becomes of a difference that no deployment made: it is put back, or shown
-- and left until the next deployment.
-- A Berth that does not know of it yet goes on putting it back.
alter table environment
    add column on_drift text not null default 'heal',
    add constraint environment_on_drift_check check (on_drift in ('heal', 'show'));
