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
    revoked_at timestamptz
);

-- A token is issued once and revoked once; what it is good for never changes.
grant select, insert, update (revoked_at) on {schema}.token to {app};
