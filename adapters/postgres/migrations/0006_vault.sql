-- The vault: texts about people, encrypted outside the database, so that neither a reader of these tables nor a backup of
-- them has them. Of an entry the log holds a reference and a salted digest; what is erased here is gone, and nothing in the
-- log changes by that.
--
-- Placeholders: {schema}, {app} (the application's role).

-- One data key per subject, wrapped by a master key that stands nowhere in the database. The id is drawn anew for each key:
-- an entry made for a key that was erased meanwhile finds no row to belong to, even if the subject has a new key by then.
create table {schema}.vault_key (
    id text collate "C" primary key,
    subject text collate "C" not null unique check (length(subject) between 1 and 200),
    master_id bytea not null check (length(master_id) = 8),
    nonce bytea not null check (length(nonce) = 12),
    wrapped bytea not null check (length(wrapped) = 48),
    unique (id, subject),
    unique (master_id, nonce)
);

create table {schema}.vault_entry (
    reference text collate "C" primary key,
    key_id text collate "C" not null,
    subject text collate "C" not null,
    nonce bytea not null check (length(nonce) = 12),
    ciphertext bytea not null,
    digest bytea not null check (length(digest) = 32),
    foreign key (key_id, subject) references {schema}.vault_key (id, subject) on delete cascade,
    -- AES-GCM breaks with a nonce used twice under one key. Drawn at random it will not be; here it cannot be.
    unique (key_id, nonce)
);

-- What may change is the lock around a data key, never whose it is; an entry is made and erased, never changed.
grant select, insert, delete, update (master_id, nonce, wrapped) on {schema}.vault_key to {app};
grant select, insert, delete on {schema}.vault_entry to {app};


-- When the whole log was last recomputed and found right, and how far it reached then. A note for operators, no proof: an
-- auditor verifies for themselves.
create table {schema}.verified (
    at timestamptz primary key default clock_timestamp(),
    size bigint not null check (size >= 0),
    root bytea not null check (length(root) = 32)
);

create trigger append_only before update or delete or truncate on {schema}.verified
for each statement execute function {schema}.refuse_change();

grant select, insert (size, root) on {schema}.verified to {app};
