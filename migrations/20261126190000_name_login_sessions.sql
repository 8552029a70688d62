-- A session is listed and revoked by this; its hash stays with the server.
-- An older Berth inserts without it and gets one all the same.
alter table login_session
    add column session_id uuid not null default gen_random_uuid()
        constraint login_session_id_unique unique;
create index login_session_user on login_session (user_id);
