-- How far the compose files of a rule, and of each deployment that it makes, are trusted.
-- Null in rows of a Berth that did not know of it: then a pull request's are restricted
-- (domain::policy::Policy::usual).

alter table rule add column policy text
    constraint rule_policy_check check (policy in ('trusted', 'restricted'));
update rule set policy = case when event = 'pull_request' then 'restricted' else 'trusted' end;

alter table deployment add column policy text
    constraint deployment_policy_check check (policy in ('trusted', 'restricted'));
