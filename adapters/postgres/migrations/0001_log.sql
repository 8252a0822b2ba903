-- The log itself: events in one dense order, found again by type and tag.
--
-- Placeholders: {schema}, {schema_text} (the name as text). A doubled brace is a brace.
-- This file alone makes a raw log as well (../raw/append.sql), so it knows no roles, commands or clocks.

create table {schema}.event_type (
    id int primary key,
    name text collate "C" not null unique
);

create table {schema}.event (
    position bigint primary key,
    type_id int not null,
    at timestamptz not null,
    tags text[] not null,
    data bytea not null -- the final bytes: hashed, served, archived, never encoded again
);
-- Criteria that name types only.
create unique index event_by_type on {schema}.event (type_id, position);

-- Type before position: under a hot tag a rare type is found without walking through the others.
create table {schema}.tag (
    tag text collate "C",
    type_id int,
    position bigint,
    primary key (tag, type_id, position)
);


create function {schema}.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'The table %.% is append-only: what is recorded there is never changed or removed, by anyone. Record what corrects it.',
        tg_table_schema, tg_table_name;
end
$$;

create trigger append_only before update or delete or truncate on {schema}.event_type
for each statement execute function {schema}.refuse_change();
create trigger append_only before update or delete or truncate on {schema}.event
for each statement execute function {schema}.refuse_change();
create trigger append_only before update or delete or truncate on {schema}.tag
for each statement execute function {schema}.refuse_change();


-- The positions after `since` that a boundary admits, at most the first `most` for each of its items (null: all of them).
--
-- boundary: a JSON array of items with "types" and "tags". An event is admitted by an item if it has one of its types (none
-- given: any type) and all of its tags; by the boundary if any item admits it. A position may come once per item.
--
-- The planner settings stand here and not on the connection, so that they hold for whoever calls, and for nothing else.
-- Without them generic plans read whole tables; `limit` bounds what the planner cannot estimate.
create function {schema}.matching(boundary jsonb, since bigint, most bigint) returns setof bigint
language plpgsql stable rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
set enable_hashjoin = off
set jit = off
as $$
declare
    item record;
    kinds int[];
    rarest text;
    others text[];
begin
    for item in
        select coalesce(i.types, array[]::text[]) as names, coalesce(i.tags, array[]::text[]) as tags
        from jsonb_to_recordset(boundary) as i(types text[], tags text[])
    loop
        if cardinality(item.names) = 0 then
            if cardinality(item.tags) = 0 then
                return query
                    select e.position from {schema}.event e where e.position > since order by e.position limit most;
                continue;
            end if;
            kinds := array(select k.id from {schema}.event_type k);
        else
            kinds := array(select k.id from {schema}.event_type k where k.name = any (item.names));
        end if;

        if cardinality(item.tags) = 0 then
            return query
                select found.position
                from unnest(kinds) as kind(id)
                cross join lateral (
                    select e.position from {schema}.event e
                    where e.type_id = kind.id and e.position > since
                    order by e.position limit most
                ) found
                order by found.position limit most;
            continue;
        end if;

        rarest := item.tags[1];
        if cardinality(item.tags) > 1 then
            -- Counted up to 64: beyond that every tag is frequent, and counting would cost more than it saves.
            select wanted.tag into rarest
            from unnest(item.tags) as wanted(tag)
            cross join lateral (
                select count(*) as hits
                from (
                    select from unnest(kinds) as kind(id)
                    cross join lateral (
                        select from {schema}.tag t
                        where t.tag = wanted.tag and t.type_id = kind.id and t.position > since limit 64
                    ) hit
                    limit 64
                ) sample
            ) counted
            order by counted.hits limit 1;
        end if;
        others := array_remove(item.tags, rarest);

        return query
            select found.position
            from unnest(kinds) as kind(id)
            cross join lateral (
                select t.position from {schema}.tag t
                where t.tag = rarest and t.type_id = kind.id and t.position > since
                    and not exists (
                        select from unnest(others) as other(tag)
                        where not exists (
                            select from {schema}.tag o
                            where o.tag = other.tag and o.type_id = kind.id and o.position = t.position
                        )
                    )
                order by t.position limit most
            ) found
            order by found.position limit most;
    end loop;
end
$$;


-- The head and the events a boundary admits, at one moment: a row with the head and no bytes, then the events in order.
--
-- STABLE: all that happens inside sees the one snapshot of the statement that calls it.
create function {schema}.look(boundary jsonb) returns table (place bigint, bytes bytea)
language plpgsql stable rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
set enable_hashjoin = off
set jit = off
as $$
begin
    return query select coalesce(max(e.position), 0), null::bytea from {schema}.event e;
    return query
        select e.position, e.data
        from (select distinct m.position from {schema}.matching(boundary, 0, null) as m(position)) admitted
        join {schema}.event e on e.position = admitted.position
        order by e.position;
end
$$;


-- The same with type and tags, after a position and up to a number of events: for readers that interpret no bytes.
create function {schema}.records(boundary jsonb, since bigint, most bigint)
returns table (place bigint, kind text, labels text[], bytes bytea)
language plpgsql stable rows 100
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
set enable_hashjoin = off
set jit = off
as $$
begin
    return query select coalesce(max(e.position), 0), null::text, null::text[], null::bytea from {schema}.event e;
    return query
        select e.position, k.name::text, e.tags, e.data
        from (
            select distinct m.position from {schema}.matching(boundary, since, most) as m(position)
            order by m.position limit most
        ) admitted
        join {schema}.event e on e.position = admitted.position
        join {schema}.event_type k on k.id = e.type_id
        order by e.position;
end
$$;


-- The last position recorded before a moment, 0 if there is none. Times rise with positions, so the primary key is halved
-- about 25 times and no index on the time has to be kept.
create function {schema}.last_before(moment timestamptz) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    low bigint := 0;
    high bigint := (select coalesce(max(e.position), 0) from {schema}.event e);
    middle bigint;
begin
    while low < high loop
        middle := (low + high + 1) / 2;
        if (select e.at < moment from {schema}.event e where e.position = middle) then
            low := middle;
        else
            high := middle - 1;
        end if;
    end loop;
    return low;
end
$$;


-- Events and tags at the positions from `first` on; returns the last. Called only with the lock of the log held.
--
-- tags, tag_of: all tags of all events in one array, and beside each the ordinal of its event in `types` and `bodies`.
create function {schema}.store(first bigint, moment timestamptz, types text[], bodies bytea[], tags text[], tag_of int[])
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    last bigint := first + cardinality(bodies) - 1;
begin
    -- Elements are found by number below: what is missing or numbered otherwise would be left out, or got onto another event.
    if (
        array_ndims(types) = 1 and array_lower(types, 1) = 1 and array_position(types, null) is null
        and array_ndims(bodies) = 1 and array_lower(bodies, 1) = 1 and array_position(bodies, null) is null
        and cardinality(bodies) = cardinality(types)
        and cardinality(tag_of) = cardinality(tags)
        and (
            cardinality(tags) = 0
            or array_ndims(tags) = 1 and array_lower(tags, 1) = 1 and array_position(tags, null) is null
            and array_ndims(tag_of) = 1 and array_lower(tag_of, 1) = 1
            and 1 <= all (tag_of) and cardinality(types) >= all (tag_of)
        )
    ) is not true then
        raise exception 'Give at least one event, each with one type and one body, and with each tag the number of its event, from 1 on: in arrays that begin at 1 and have no nulls.';
    end if;

    if exists (
        select from unnest(types) as n(name)
        where not exists (select from {schema}.event_type k where k.name = n.name)
    ) then
        insert into {schema}.event_type (id, name)
        select known.id + row_number() over (order by n.name), n.name
        from (select coalesce(max(k.id), 0) as id from {schema}.event_type k) known
        cross join (select distinct u.name from unnest(types) as u(name)) n
        where not exists (select from {schema}.event_type k where k.name = n.name);
    end if;

    insert into {schema}.event (position, type_id, at, tags, data)
    select
        first - 1 + b.n,
        k.id,
        moment,
        array(select t.tag from unnest(tags, tag_of) with ordinality as t(tag, event, n) where t.event = b.n order by t.n),
        b.data
    from unnest(types, bodies) with ordinality as b(type, data, n)
    join {schema}.event_type k on k.name = b.type;

    insert into {schema}.tag (tag, type_id, position)
    select distinct t.tag, k.id, first - 1 + t.event
    from unnest(tags, tag_of) as t(tag, event)
    join {schema}.event_type k on k.name = types[t.event];

    -- Delivered at commit, in the order of commits.
    perform pg_notify('tasma_' || {schema_text}, last::text);
    return last;
end
$$;
revoke all on function {schema}.store from public;
