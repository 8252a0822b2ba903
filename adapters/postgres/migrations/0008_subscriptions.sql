-- Subscriptions: to whom the feed is delivered, how far each delivery has come, and what came of it. Their secrets stand in the
-- vault, encrypted; here are their references.
--
-- Placeholders: {schema}, {app} (the application's role).

create table {schema}.subscription (
    id text collate "C" primary key check (id ~ '^sub_[0-9a-f]{{32}}$'),
    owner text collate "C" not null check (length(owner) between 1 and 200), -- an organisation, or whoever has none
    token text collate "C" not null references {schema}.token (id), -- what it may deliver is what this token may read
    role text not null,
    organisation text,
    url text not null check (length(url) between 1 and 2100),
    types text[] not null,
    about text[] not null,
    digest bytea not null check (length(digest) = 32), -- of what it was made with: a repeat is recognised
    created_at timestamptz not null,
    state text not null check (state in ('active', 'paused', 'parked')),
    why text not null check ((why = '') = (state = 'active')),
    cursor bigint not null check (cursor >= 0),
    anchor bytea check (length(anchor) = 32), -- SHA-256 of the event at the cursor: another log has another one there
    run int not null check (run >= 0), -- rises when it is replayed: what is then sent again is no repeat
    pending bigint check (pending > cursor), -- the last position of the batch that is on its way
    failures int not null check (failures >= 0),
    failing_since timestamptz check ((failing_since is null) = (failures = 0)),
    next_at timestamptz,
    secrets jsonb not null check (jsonb_typeof(secrets) = 'array'),
    attempts bigint not null check (attempts >= 0),
    last jsonb,
    tested_at timestamptz,
    revision bigint not null, -- who changes a row names the revision that they saw
    check ((anchor is null) = (cursor = 0))
);
create index subscription_by_owner on {schema}.subscription (owner, created_at, id);

-- Of each subscription the newest attempts. Nothing of what a receiver answered but its status.
create table {schema}.attempt (
    subscription text collate "C" not null references {schema}.subscription (id) on delete cascade,
    n bigint not null check (n > 0),
    content jsonb not null,
    primary key (subscription, n)
);

-- How much is kept is the application's to say; it owes nobody the rest.
grant select, insert, delete on {schema}.subscription, {schema}.attempt to {app};
grant update (
    token, state, why, cursor, anchor, run, pending, failures, failing_since, next_at, secrets, attempts, last, tested_at, revision
) on {schema}.subscription to {app};
