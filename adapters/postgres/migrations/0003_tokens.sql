-- Tokens: who may come in over HTTP. Of a token's secret only the SHA-256 is kept: whoever reads this table gets in nowhere.
--
-- Placeholders: {schema}, {app} (the application's role).

create table {schema}.token (
    id text collate "C" primary key,
    secret_hash bytea not null check (length(secret_hash) = 32),
    role text not null,
    organisation text,
    subject text,
    scopes text[] not null,
    project text,
    issued_at timestamptz not null,
    expires_on date check (expires_on is not null or role <> 'auditor'),
    revoked_at timestamptz check (isfinite(revoked_at))
);

create function {schema}.revoke_token() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    revoked {schema}.token := old;
begin
    if old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at then
        raise exception 'The token % was revoked and stays so: issue a new one.', old.id;
    end if;
    revoked.revoked_at := new.revoked_at;
    if new is distinct from revoked then
        raise exception 'What the token % is good for never changes: revoke it and issue a new one.', old.id;
    end if;
    return new;
end
$$;
create trigger revoke_token before update on {schema}.token
for each row execute function {schema}.revoke_token();

-- A token is issued once and revoked once; what it is good for never changes, and the trigger tells its owner so.
grant select, insert, update (revoked_at) on {schema}.token to {app};
