-- A rule says how its deployments are ranked among those that wait for a place, and
-- how many of them may go on at once.
-- A Berth that does not know of it yet takes them as they come.
alter table rule
    add column priority text not null default 'normal',
    add column at_once integer,
    add constraint rule_priority_check check (priority in ('high', 'normal', 'low')),
    add constraint rule_at_once_check check (at_once between 1 and 100);
