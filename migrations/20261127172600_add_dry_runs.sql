-- What a deployment would do, asked for by a person and answered by the leader.
-- An older Berth leaves the question open.
create table dry_run (
    stack_id    uuid        primary key references stack on delete cascade,
    dry_run_id  uuid        not null,
    asked_by    text        not null,
    asked_at    timestamptz not null default now(),
    answered_at timestamptz,
    answer      jsonb,
    constraint dry_run_answer_check check ((answered_at is null) = (answer is null)),
    constraint dry_run_answer_object_check check (answer is null or jsonb_typeof(answer) = 'object')
);
comment on table dry_run is 'The last time that somebody asked what a deployment of a stack would do. The API writes it, the leader answers it once.';

create trigger note_change after insert or update on dry_run
    for each row execute function note_change('stack', 'stack_id');
