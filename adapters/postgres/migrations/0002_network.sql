-- What makes a log the log of a network: commands, one clock, policies' marks, issued documents, and who may do what.
--
-- Placeholders: {schema}, {schema_text}, {read}, {next} (the schemas of the read models), {app} (the application's role).

-- One row once the first event is there: whether the network was founded with a simulated clock. It never changes.
create table {schema}.network (
    one boolean primary key default true check (one),
    constructed boolean not null
);

-- What a command led to: its events are the `n` up to position `last`.
create table {schema}.command (
    id uuid primary key,
    digest bytea not null,
    last bigint not null,
    n int not null
);

create table {schema}.mark (
    policy text primary key,
    position bigint not null check (position >= 0)
);

-- A mark moved back would let its policy act twice; one beyond the head would let it pass over what is still to come.
create function {schema}.move_mark() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' then
        if new.policy <> old.policy then
            raise exception 'A mark stays that of its policy: the mark of % cannot be given to %.', old.policy, new.policy;
        end if;
        if new.position <= old.position then
            raise exception 'A mark moves forward only: that of % cannot go from % to %.',
                old.policy, old.position, new.position;
        end if;
    end if;
    if new.position > (select coalesce(max(e.position), 0) from {schema}.event e) then
        raise exception 'A mark stays within the log: that of % cannot go to %, beyond the last event.',
            new.policy, new.position;
    end if;
    return new;
end
$$;
create trigger move_mark before insert or update on {schema}.mark
for each row execute function {schema}.move_mark();

create table {schema}.document (
    digest text primary key,
    body bytea not null,
    kept_at timestamptz not null default clock_timestamp()
);

create trigger append_only before update or delete or truncate on {schema}.network
for each statement execute function {schema}.refuse_change();
create trigger append_only before update or delete or truncate on {schema}.command
for each statement execute function {schema}.refuse_change();
create trigger append_only before update or delete or truncate on {schema}.document
for each statement execute function {schema}.refuse_change();


-- Append the events of one decision, or none. The outcome is data:
--   placed    `last` is the position of its last event
--   repeated  the command was recorded before; `last` as then, `stored` has the bytes of its events
--   reused    its id was recorded with another digest
--   ahead     its reading is more than 2 s ahead of `clock`, the database's
--   behind    its reading is more than 1 s before `clock`, the newest event's time (constructed networks)
--   raced     something its boundary admits happened after `since`
--
-- bodies: encoded events that wait for position and time; `application.envelope.placed` says how these are put in front.
-- founded_constructed: what the founding of the network says, if that is among the events, else null.
--
-- What is missing or of another form is refused by an exception, not by an outcome: no program of ours sends it.
--
-- Three things make it correct. The lock is taken by a statement of its own: what comes after sees all that was committed
-- before it was granted, while in one statement with the checks it would wait with an old snapshot. Hence also VOLATILE and
-- READ COMMITTED. And the lock is held to the commit, so no position becomes visible before the ones below it.
create function {schema}.append(
    command_id uuid, command_digest bytea, reading timestamptz, boundary jsonb, since bigint,
    types text[], bodies bytea[], tags text[], tag_of int[], founded_constructed boolean,
    out outcome text, out last bigint, out clock timestamptz, out stored bytea[]
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    head record;
    known record;
    moment timestamptz := reading;
    stamp text;
    body bytea;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'Appending needs the isolation level READ COMMITTED, not %: set default_transaction_isolation back.',
            current_setting('transaction_isolation');
    end if;
    -- A null would make the comparisons below say nothing: a time not lifted, a condition passed by. Of the years that texts
    -- can name the last day is left out, for the microseconds by which times are lifted. One expression: each is set up anew
    -- in every transaction.
    if (
        command_id is not null and command_digest is not null and since is not null
        and reading >= '0001-01-01 00:00:00Z'::timestamptz and reading < '9999-12-31 00:00:00Z'::timestamptz
        and jsonb_typeof(boundary) = 'array'
        and array_ndims(bodies) = 1 and array_lower(bodies, 1) = 1
    ) is not true then
        raise exception 'Appending needs a command id, its digest, a reading in the years 1 to 9999, a boundary that is a JSON array, a position, and bodies in an array that begins at 1: one is missing or of another form.';
    end if;
    foreach body in array bodies loop
        if substr(body, 1, 14) is distinct from '{{"specversion"'::bytea then
            raise exception 'The body of an event begins with {{"specversion": position and time are put before that.';
        end if;
    end loop;
    perform pg_advisory_xact_lock(hashtextextended('tasma log ' || {schema_text}, 0));

    select coalesce(e.position, 0) as position, e.at, coalesce(n.constructed, founded_constructed, false) as constructed
    into head
    from (select) one
    left join (select l.position, l.at from {schema}.event l order by l.position desc limit 1) e on true
    left join {schema}.network n on n.one;

    select c.digest, c.last, c.n into known from {schema}.command c where c.id = command_id;
    if found then
        if known.digest <> command_digest then
            outcome := 'reused';
            return;
        end if;
        outcome := 'repeated';
        last := known.last;
        stored := array(
            select e.data from {schema}.event e
            where e.position > known.last - known.n and e.position <= known.last order by e.position
        );
        return;
    end if;

    if head.constructed then
        if reading < head.at - interval '1 second' then
            outcome := 'behind';
            clock := head.at;
            return;
        end if;
    else
        clock := clock_timestamp();
        if reading > clock + interval '2 seconds' then
            outcome := 'ahead';
            return;
        end if;
        if reading < clock - interval '2 seconds' then
            moment := clock;
        end if;
    end if;
    moment := greatest(moment, head.at + interval '1 microsecond');

    if head.position > since and exists (select from {schema}.matching(boundary, since, 1)) then
        outcome := 'raced';
        return;
    end if;

    stamp := '","time":"' || to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",';
    last := {schema}.store(
        head.position + 1,
        moment,
        types,
        array(
            select convert_to('{{"sequence":"' || lpad((head.position + b.n)::text, 20, '0') || stamp, 'UTF8') || substr(b.data, 2)
            from unnest(bodies) with ordinality as b(data, n) order by b.n
        ),
        tags,
        tag_of
    );
    insert into {schema}.command (id, digest, last, n) values (command_id, command_digest, last, cardinality(bodies));
    if head.position = 0 then
        insert into {schema}.network (constructed) values (head.constructed);
    end if;
    outcome := 'placed';
end
$$;


-- The application reads everything and writes by `append` alone, which runs with the rights of the tables' owner. With INSERT
-- on the tables, whoever holds the application's login could leave a gap, bend the times of rows or change what is there; so it
-- cannot. What it may say in an event's bytes is its own: `tasma audit verify` compares them with position, time, type and tags.
revoke all on function {schema}.append from public;
grant usage on schema {schema} to {app};
grant select on all tables in schema {schema} to {app};
grant execute on function {schema}.append to {app};
grant insert, update (position) on {schema}.mark to {app};
grant insert (digest, body) on {schema}.document to {app};

-- The read models: tables there belong to the application. The schemas belong to who made them, so that who may drop the
-- network may drop these with whatever is inside, without being a member of the application's role.
create schema {read};
create schema {next};
grant usage, create on schema {read}, {next} to {app};
