-- A deployment keeps the plan that it was applied with: sentences, and how each
-- stands. Null until it is planned; a Berth that does not know of it writes none.
alter table deployment
    add column plan jsonb,
    add constraint deployment_plan_check check (plan is null or jsonb_typeof(plan) = 'array');
