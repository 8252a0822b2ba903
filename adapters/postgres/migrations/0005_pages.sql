-- What is derived from the events' bytes: sealed pages, the tiles of the Merkle tree, signed checkpoints and who signed them.
--
-- Placeholders: {schema}, {schema_text}, {app} (the application's role).
--
-- Pages and tiles can be made again from the events at any time, so the application may delete and insert them. They are never
-- updated: a reader who holds one holds it for ever, and a change in place could not be told from damage. What was signed
-- cannot be made again: checkpoints, keys and cosignatures only grow.

-- Page n, from 0: the events 256n + 1 to 256n + 256, one a line, as one zstd frame with a checksum. PostgreSQL is told not to
-- compress what is compressed, nor hashes.
create table {schema}.page (
    n bigint primary key check (n >= 0),
    body bytea not null check (octet_length(body) between 1 and 17000000)
);
alter table {schema}.page alter column body set storage external;

-- Full tiles only (C2SP tlog-tiles). Level 0, tile n: the leaf hashes of page n. Level l, tile n: the roots of the tiles 256n to
-- 256n + 255 of the level below. `root` is the tile's own: hundreds of them are read without reading the tiles.
create table {schema}.tile (
    level int check (level between 0 and 7),
    n bigint check (n >= 0),
    hashes bytea not null check (octet_length(hashes) = 8192),
    root bytea not null check (octet_length(root) = 32),
    primary key (level, n)
);
alter table {schema}.tile alter column hashes set storage external;

create function {schema}.refuse_update() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'What is in %.% is never changed in place: delete it and let it be made again from the events.',
        tg_table_schema, tg_table_name;
end
$$;
create trigger never_updated before update or truncate on {schema}.page
for each statement execute function {schema}.refuse_update();
create trigger never_updated before update or truncate on {schema}.tile
for each statement execute function {schema}.refuse_update();


-- The public keys that ever signed here, recorded before the first note they signed.
create table {schema}.signing_key (
    vkey text collate "C" primary key check (octet_length(vkey) between 10 and 4096),
    first_size bigint not null check (first_size > 0),
    recorded_at timestamptz not null default clock_timestamp()
);

-- `note` is the signed text, without cosignatures; `root` is the one it names, for comparing.
create table {schema}.checkpoint (
    size bigint primary key check (size > 0),
    root bytea not null check (octet_length(root) = 32),
    note text not null check (octet_length(note) between 1 and 131072),
    signed_at timestamptz not null default clock_timestamp()
);

-- Sizes and times rise. The lock makes the comparison hold with several sealers; it lives no longer than the transaction, and
-- appends do not know it. The time is lifted where the clock was set back: it says in which order was signed.
create function {schema}.rise_checkpoint() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    newest record;
begin
    perform pg_advisory_xact_lock(hashtextextended('tasma checkpoint ' || {schema_text}, 0));
    select c.size, c.signed_at into newest from {schema}.checkpoint c order by c.size desc limit 1;
    if new.size <= newest.size then
        raise exception 'Checkpoints rise: one of size % cannot follow the one of size %.', new.size, newest.size;
    end if;
    if not exists (select from {schema}.event e where e.position = new.size) then
        raise exception 'A checkpoint covers events that are there: none has the position %.', new.size;
    end if;
    new.signed_at := greatest(clock_timestamp(), newest.signed_at + interval '1 microsecond');
    return new;
end
$$;
create trigger rise_checkpoint before insert on {schema}.checkpoint
for each row execute function {schema}.rise_checkpoint();

-- A witness has seen checkpoints and says so by cosigning them; each witness key belongs to one organisation.
create table {schema}.witness (
    vkey text collate "C" primary key check (octet_length(vkey) between 10 and 4096),
    organisation text not null check (organisation <> ''),
    registered_at timestamptz not null default clock_timestamp()
);

-- One line of each witness under a checkpoint: the first that came.
create table {schema}.cosignature (
    size bigint references {schema}.checkpoint,
    vkey text collate "C" references {schema}.witness,
    line text not null check (octet_length(line) between 1 and 8192),
    kept_at timestamptz not null default clock_timestamp(),
    primary key (size, vkey)
);

create trigger append_only before update or delete or truncate on {schema}.signing_key
for each statement execute function {schema}.refuse_change();
create trigger append_only before update or delete or truncate on {schema}.checkpoint
for each statement execute function {schema}.refuse_change();
create trigger append_only before update or delete or truncate on {schema}.witness
for each statement execute function {schema}.refuse_change();
create trigger append_only before update or delete or truncate on {schema}.cosignature
for each statement execute function {schema}.refuse_change();

-- Times are not the application's to give.
grant select on {schema}.page, {schema}.tile, {schema}.signing_key, {schema}.checkpoint, {schema}.witness, {schema}.cosignature
to {app};
grant insert, delete on {schema}.page, {schema}.tile to {app};
grant insert (vkey, first_size) on {schema}.signing_key to {app};
grant insert (size, root, note) on {schema}.checkpoint to {app};
grant insert (vkey, organisation) on {schema}.witness to {app};
grant insert (size, vkey, line) on {schema}.cosignature to {app};
