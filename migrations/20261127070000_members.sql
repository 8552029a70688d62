-- People are invited by a one-time link, and seen when they use Berth.
-- An older Berth does not write when it saw somebody; a newer one goes on with it.
alter table account
    add column seen_at timestamptz;
update account a set seen_at = s.seen_at
    from (select user_id, max(seen_at) as seen_at from login_session group by user_id) s
    where s.user_id = a.user_id;

create table invitation (
    invitation_id uuid        primary key,
    token_hash    bytea       not null constraint invitation_token_hash_unique unique,
    email         text        not null,
    role          text        not null constraint invitation_role_check check (role in ('viewer', 'operator', 'admin')),
    -- Whoever is not here any more lets nobody in.
    invited_by    uuid        not null references account on delete cascade,
    created_at    timestamptz not null default now(),
    expires_at    timestamptz not null
);
comment on table invitation is 'One-time links that make an account, hashed; the row goes when the link is used or revoked.';
create unique index invitation_email_unique on invitation (lower(email));
create index invitation_by on invitation (invited_by);

-- Not when somebody is seen: that is every few minutes, and news to nobody. And
-- not when there is a new account: the end of its invitation tells.
create trigger note_change after delete or update of name, email, role on account
    for each row execute function note_change('member', 'user_id');
create trigger note_change after insert or update or delete on invitation
    for each row execute function note_change('member', 'invitation_id');
