-- Every network has the function `append` that this version calls, and the checks beside it. `0007_known` was released in three
-- texts before migrations were pinned: the first named the log by the position it had reached and had no checks, the second named
-- it by one event. Whatever it was that a network carried out, from here on all are alike.
--
-- Placeholders: {schema}, {schema_text}, {app} (the application's role). A doubled brace is a brace.

drop function if exists {schema}.append(
    int, bigint, uuid[], bytea[], timestamptz[], text[], int[], int[], text[], bigint[], int[], jsonb[], bigint[],
    int[], int[], bytea[], text[], int[], boolean
);
drop function if exists {schema}.append(
    int, bigint, bytea, uuid[], bytea[], timestamptz[], text[], int[], int[], text[], bigint[], int[], jsonb[], bigint[],
    int[], int[], bytea[], text[], int[], boolean
);
drop function if exists {schema}.append(
    int, bigint[], bytea[], uuid[], bytea[], timestamptz[], text[], int[], int[], text[], bigint[], int[], jsonb[], bigint[],
    int[], int[], bytea[], text[], int[], boolean
);


-- Append decisions in their order, each whole or not at all; a row for each, in that order. The outcome is data:
--   placed    `last` is the position of its last event
--   repeated  the command was recorded before; `last` as then, `stored` has the bytes of its events
--   reused    its id was recorded with another digest
--   another   at one of the positions `anchors` there is no event with its digest (SHA-256): the log is not the one that was known
--   outdated  events were recorded by a version that knows `last` event versions, more than `catalogue`
--   ahead     its reading is more than 2 s ahead of `clock`, the database's
--   behind    its reading is more than 1 s before `clock`, the newest event's time (constructed networks)
--   raced     something a criterion of its boundary admits happened after how far that is known, be it in this very call;
--             `last` is the head after it
-- After the rows of the decisions comes the newest event there is now: outcome "newest", its position as `last` and its digest
-- as `stored`. Then, for each that raced, all that its boundary admits up to that head: outcome "inside", its
-- ordinal as `last`, the bytes as `stored`. Whoever looked again instead would be late again, behind those who win.
--
-- What comes out is what would come out if they were appended one by one: a decision meets the events of those before it
-- that were placed, and of no others.
--
-- command_ids, digests, readings: of each decision, and no id twice. names, probe_*, wider*: their boundaries, as in `look`;
-- probe_since and wider_since: up to which position the decision knew what that probe or these items admit. event_of, type_of, bodies: their events, in the order of the decisions; a body is an encoded event that waits for
-- position and time, and `application.envelope.placed` says how these are put in front. tags, tag_of: all tags of all
-- events, and beside each the ordinal of its event. founded_constructed: what the founding of the network says, if that is
-- among the events, else null; such a decision comes alone.
--
-- What is missing or of another form is refused by an exception, not by an outcome: no program of ours sends it.
--
-- Three things make it correct. The lock is taken by a statement of its own: what comes after sees all that was committed
-- before it was granted, while in one statement with the checks it would wait with an old snapshot. Hence also VOLATILE and
-- READ COMMITTED. And the lock is held to the commit, so no position becomes visible before the ones below it.
--
-- The planner settings are those of `matching`, except that hash joins stay: without them, finding who in a large batch
-- meets whom takes quadratic time. What is probed in the log's own tables is a lateral or scalar subquery, never joined.
create function {schema}.append(
    catalogue int, anchors bigint[], anchor_digests bytea[], command_ids uuid[], digests bytea[], readings timestamptz[],
    names text[], probe_of int[], probe_type int[], probe_tag text[], probe_since bigint[],
    wider_of int[], wider jsonb[], wider_since bigint[],
    event_of int[], type_of int[], bodies bytea[], tags text[], tag_of int[], founded_constructed boolean
) returns table (outcome text, last bigint, clock timestamptz, stored bytea[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_mergejoin = off
set jit = off
as $$
declare
    members int := cardinality(command_ids);
    each text := '[1:' || members || ']';
    tick interval := '1 microsecond';
    tolerance interval := '2 seconds';
    body bytea;
    items jsonb;
    head record;
    kinds int[];
    unknown boolean := false;
    outcomes text[];
    lasts bigint[];
    clocks timestamptz[];
    raced int[];
    later int[] := '{{}}';   -- who in this batch ...
    earlier int[];           -- ... meets an event of whom before it,
    met bigint[];            -- and by how much the ordinal of the last such event passes what is known
    pair int := 1;
    nth int := 1;
    first int;
    ending bigint;
    moment timestamptz;
    lifted timestamptz;
    present timestamptz;
    lost boolean;
    shifts bigint[];         -- of those placed: what is added to the ordinal of an event to get its position,
    sizes int[];             -- how many events,
    moments timestamptz[];   -- and when
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'Appending needs the isolation level READ COMMITTED, not %: set default_transaction_isolation back.',
            current_setting('transaction_isolation');
    end if;
    -- A null would make the comparisons below say nothing: a time not lifted, a condition passed by. Of the years that texts
    -- can name the last day is left out, for the microseconds by which times are lifted. Few expressions: each is set up anew
    -- in every transaction.
    if (
        catalogue > 0 and array_position(anchors, null) is null and array_position(anchor_digests, null) is null
        and cardinality(anchors) = cardinality(anchor_digests)
        and array_dims(command_ids) = each and array_dims(digests) = each
        and array_dims(readings) = each
        and array_position(command_ids, null) is null and array_position(digests, null) is null
        and '0001-01-01 00:00:00Z'::timestamptz <= all (readings) and '9999-12-31 00:00:00Z'::timestamptz > all (readings)
    ) is not true then
        raise exception 'Appending needs a catalogue version, anchors and, of each decision, a command id, its digest and a reading in the years 1 to 9999: one is missing or of another form.';
    end if;
    if (
        (
            cardinality(probe_of) = 0 and cardinality(probe_type) = 0 and cardinality(probe_tag) = 0
            and cardinality(probe_since) = 0
            or array_ndims(probe_of) = 1
            and array_dims(probe_type) = array_dims(probe_of) and array_dims(probe_tag) = array_dims(probe_of)
            and array_dims(probe_since) = array_dims(probe_of) and array_position(probe_since, null) is null
            and 1 <= all (probe_of) and members >= all (probe_of)
            and 1 <= all (probe_type) and cardinality(names) >= all (probe_type)
            and array_position(probe_tag, null) is null
        )
        and (
            cardinality(wider_of) = 0 and cardinality(wider) = 0 and cardinality(wider_since) = 0
            or array_ndims(wider_of) = 1 and array_dims(wider) = array_dims(wider_of)
            and array_dims(wider_since) = array_dims(wider_of) and array_position(wider_since, null) is null
            and 1 <= all (wider_of) and members >= all (wider_of)
        )
    ) is not true then
        raise exception 'A boundary is given by types and tags, or by JSON arrays of items, each with the number of its decision and how far it is known: one is missing or of another form.';
    end if;
    -- Elements are found by number below: what is missing or numbered otherwise would be left out, or got onto another event.
    if (
        array_dims(names) = '[1:' || cardinality(names) || ']' and array_position(names, null) is null
        and array_dims(bodies) = '[1:' || cardinality(bodies) || ']'
        and array_dims(event_of) = array_dims(bodies) and array_dims(type_of) = array_dims(bodies)
        and 1 <= all (type_of) and cardinality(names) >= all (type_of)
        and (
            cardinality(tags) = 0 and cardinality(tag_of) = 0
            or array_dims(tags) = '[1:' || cardinality(tags) || ']' and array_dims(tag_of) = array_dims(tags)
            and 1 <= all (tag_of) and cardinality(bodies) >= all (tag_of)
            and array_position(tags, null) is null
        )
        and (founded_constructed is null or members = 1)
    ) is not true then
        raise exception 'Give each decision at least one event, in the order of the decisions, each with one type and one body, and with each tag the number of its event, from 1 on: in arrays that begin at 1 and have no nulls. A founding comes alone.';
    end if;
    foreach body in array bodies loop
        if substr(body, 1, 14) is distinct from '{{"specversion"'::bytea then
            raise exception 'The body of an event begins with {{"specversion": position and time are put before that.';
        end if;
        -- 80 bytes are put before it; a page has one event a line.
        if octet_length(body) > 65455 or position('\x0a'::bytea in body) > 0 then
            raise exception 'The body of an event has at most 65,455 bytes and no line break.';
        end if;
    end loop;
    if wider_of <> '{{}}' then
        foreach items in array wider loop
            if jsonb_typeof(items) is distinct from 'array' then
                raise exception 'A boundary is given by types and tags, or by JSON arrays of items, each with the number of its decision and how far it is known: one is missing or of another form.';
            end if;
        end loop;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('tasma log ' || {schema_text}, 0));

    select h.position, h.at, h.constructed, h.catalogue, h.same, h.kinds, h.known, array(
        select p.of
        from unnest(probe_of, probe_type, probe_tag, probe_since) as p(of, type, tag, since)
        where p.since < h.position and exists (
            select from {schema}.tag t
            where t.tag = p.tag and t.type_id = h.kinds[p.type] and t.position > p.since
        )
    ) as raced
    into head
    from (
        select
            coalesce(e.position, 0) as position,
            e.at,
            coalesce(n.constructed, founded_constructed, false) as constructed,
            (select max(v.version) from {schema}.catalogue v) as catalogue,
            not exists (
                select from unnest(anchors, anchor_digests) as a(position, digest)
                where not exists (
                    select from {schema}.event e where e.position = a.position and sha256(e.data) = a.digest
                )
            ) as same,
            array(
                select (select k.id from {schema}.event_type k where k.name = u.name)
                from unnest(names) with ordinality as u(name, n) order by u.n
            ) as kinds,
            array(
                select (
                    select case when c.digest = u.digest then 'repeated' else 'reused' end
                    from {schema}.command c where c.id = u.id
                )
                from unnest(command_ids, digests) with ordinality as u(id, digest, n) order by u.n
            ) as known
        from (select) one
        left join (select l.position, l.at from {schema}.event l order by l.position desc limit 1) e on true
        left join {schema}.network n on n.one
        offset 0 -- once, and not again for each probe
    ) h;
    outcomes := head.known;
    kinds := head.kinds;
    raced := head.raced;
    if wider_of <> '{{}}' then
        raced := raced || array(
            select w.of
            from unnest(wider_of, wider, wider_since) as w(of, items, since)
            where w.since < head.position and exists (select from {schema}.matching(w.items, w.since, 1))
        );
    end if;
    if members > 1 then
        select array_agg(m.later order by m.later), array_agg(m.earlier order by m.later), array_agg(m.met order by m.later)
        into later, earlier, met
        from (
            select p.of as later, event_of[t.event] as earlier, max(t.event - p.since) as met
            from unnest(probe_of, probe_type, probe_tag, probe_since) as p(of, type, tag, since)
            join unnest(tags, tag_of) as t(tag, event) on t.tag = p.tag and type_of[t.event] = p.type
            where event_of[t.event] < p.of
            group by 1, 2
        ) m;
        if wider_of <> '{{}}' then
            select
                array_agg(m.later order by m.later), array_agg(m.earlier order by m.later), array_agg(m.met order by m.later)
            into later, earlier, met
            from (
                select known.later, known.earlier, known.met from unnest(later, earlier, met) as known(later, earlier, met)
                union all
                select w.of, b.of, max(b.n - w.since)
                from unnest(wider_of, wider, wider_since) as w(of, items, since)
                cross join lateral jsonb_to_recordset(w.items) as i(types text[], tags text[])
                join (
                    select e.of, e.type, e.n, array_remove(array_agg(t.tag), null) as tags
                    from unnest(event_of, type_of) with ordinality as e(of, type, n)
                    left join unnest(append.tags, append.tag_of) as t(tag, event) on t.event = e.n
                    group by e.of, e.type, e.n
                ) b on b.of < w.of
                where (coalesce(cardinality(i.types), 0) = 0 or names[b.type] = any (i.types))
                    and coalesce(i.tags, '{{}}') <@ b.tags
                group by w.of, b.of
            ) m;
        end if;
    end if;

    present := clock_timestamp();
    ending := head.position;
    moment := head.at;
    for i in 1 .. members loop
        first := nth;
        while event_of[nth] = i loop
            unknown := unknown or kinds[type_of[nth]] is null;
            nth := nth + 1;
        end loop;
        if nth = first then
            exit;
        end if;
        if not head.same then
            outcomes[i] := 'another';
            continue;
        end if;
        continue when outcomes[i] is not null;
        if catalogue < head.catalogue then
            outcomes[i] := 'outdated';
            lasts[i] := head.catalogue;
            continue;
        end if;
        lifted := readings[i];
        if head.constructed then
            if lifted < moment - interval '1 second' then
                outcomes[i] := 'behind';
                clocks[i] := moment;
                continue;
            end if;
        elsif lifted > present + tolerance then
            outcomes[i] := 'ahead';
            clocks[i] := present;
            continue;
        elsif lifted < present - tolerance then
            lifted := present;
        end if;
        lost := i = any (raced);
        while later[pair] <= i loop
            lost := lost or later[pair] = i and coalesce(shifts[earlier[pair]] + met[pair] > 0, false);
            pair := pair + 1;
        end loop;
        if lost then
            outcomes[i] := 'raced';
            continue;
        end if;
        moment := greatest(lifted, moment + tick);
        moments[i] := moment;
        shifts[i] := ending - first + 1;
        sizes[i] := nth - first;
        ending := ending + sizes[i];
        outcomes[i] := 'placed';
        lasts[i] := ending;
    end loop;
    if nth <= cardinality(event_of) or nth = first then
        raise exception 'Give each decision at least one event, in the order of the decisions, each with one type and one body, and with each tag the number of its event, from 1 on: in arrays that begin at 1 and have no nulls. A founding comes alone.';
    end if;

    if ending > head.position then
        if unknown then
            insert into {schema}.event_type (id, name)
            select known.id + row_number() over (order by n.name), n.name
            from (select coalesce(max(k.id), 0) as id from {schema}.event_type k) known
            cross join (
                select distinct names[b.type] as name from unnest(event_of, type_of) as b(of, type)
                where shifts[b.of] is not null and kinds[b.type] is null
            ) n;
            kinds := array(
                select (select k.id from {schema}.event_type k where k.name = u.name)
                from unnest(names) with ordinality as u(name, n) order by u.n
            );
        end if;

        with placed as (
            insert into {schema}.event as kept (position, type_id, at, tags, data)
            select
                shifts[b.of] + b.n,
                kinds[b.type],
                moments[b.of],
                coalesce(labels.tags, '{{}}'),
                convert_to(
                    '{{"sequence":"' || lpad((shifts[b.of] + b.n)::text, 20, '0') || '","time":"'
                    || to_char(moments[b.of] at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '",', 'UTF8'
                ) || substr(b.data, 2)
            from unnest(event_of, type_of, bodies) with ordinality as b(of, type, data, n)
            left join (
                select t.event, array_agg(t.tag order by t.n) as tags
                from unnest(tags, tag_of) with ordinality as t(tag, event, n) group by t.event
            ) labels on labels.event = b.n
            where shifts[b.of] is not null
            returning kept.position, kept.type_id, kept.tags
        ), tagged as (
            insert into {schema}.tag (tag, type_id, position)
            select distinct l.tag, p.type_id, p.position from placed p cross join lateral unnest(p.tags) as l(tag)
        )
        insert into {schema}.command (id, digest, last, n)
        select u.id, u.digest, lasts[u.n], sizes[u.n]
        from unnest(command_ids, digests) with ordinality as u(id, digest, n)
        where shifts[u.n] is not null;

        if head.position = 0 then
            insert into {schema}.network (constructed) values (head.constructed);
        end if;
        if catalogue > head.catalogue or head.catalogue is null then
            insert into {schema}.catalogue (version) values (catalogue);
        end if;
        -- Delivered at commit, in the order of commits.
        perform pg_notify('tasma_' || {schema_text}, ending::text);
    elsif 'repeated' = any (outcomes) and current_setting('synchronous_standby_names') <> '' then
        -- What was committed here may not have reached the standbys: its wait for them was cancelled, or the server started
        -- again. Nothing would be written now, so nothing would be waited for. This message is, and with it all before it.
        perform pg_logical_emit_message(true, 'tasma repeated', '');
    end if;

    -- Row by row: for the common answer that costs less than setting up a query.
    for i in 1 .. members loop
        outcome := outcomes[i];
        last := lasts[i];
        clock := clocks[i];
        stored := null;
        if outcome = 'raced' then
            last := ending;
        elsif outcome = 'repeated' then
            select k.last, array(
                select e.data from {schema}.event e
                where e.position > k.last - k.n and e.position <= k.last order by e.position
            )
            into last, stored
            from {schema}.command k where k.id = command_ids[i];
        end if;
        return next;
    end loop;
    outcome := 'newest';
    last := ending;
    clock := null;
    stored := array(select sha256(e.data) from {schema}.event e where e.position = ending);
    return next;
    if 'raced' = any (outcomes) then
        return query
            select 'inside', l.ordinal::bigint, null::timestamptz, array_agg(l.bytes order by l.place)
            from (
                select
                    coalesce(array_agg(p.of), '{{}}') as of,
                    coalesce(array_agg(p.type), '{{}}') as type,
                    coalesce(array_agg(p.tag), '{{}}') as tag
                from unnest(probe_of, probe_type, probe_tag) as p(of, type, tag) where outcomes[p.of] = 'raced'
            ) probes
            cross join (
                select coalesce(array_agg(w.of), '{{}}') as of, coalesce(array_agg(w.items), '{{}}') as items
                from unnest(wider_of, wider) as w(of, items) where outcomes[w.of] = 'raced'
            ) wide
            cross join lateral {schema}.look(names, probes.of, probes.type, probes.tag, wide.of, wide.items) l
            where l.ordinal > 0
            group by l.ordinal;
    end if;
end
$$;
revoke all on function {schema}.append from public;
grant execute on function {schema}.append to {app};


-- What the application may insert and nobody can take away again, as in `0007_known`: see there why.
alter table {schema}.signing_key drop constraint if exists keys_of_logs;
alter table {schema}.witness drop constraint if exists keys_of_witnesses, drop constraint if exists organisations;
alter table {schema}.cosignature drop constraint if exists lines_of_witnesses;
alter table {schema}.catalogue drop constraint if exists versions;

-- A key is name+hash+key: eight digits in hex, the first of a SHA-256 over what follows and the name, and 33 bytes in base64, of
-- which the first says whose key it is: 1 of a log, 4 of a witness. So name, hash and key end before the last 54, 45 and 0
-- characters. A name has no white space, as in `application.notes.is_key_name`.
alter table {schema}.signing_key add constraint keys_of_logs check (
    vkey ~ '^[^+\u0001-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+\+[0-9a-f]{{8}}\+A[Q-Za-f][A-Za-z0-9+/]{{42}}$'
    and left(right(vkey, 53), 8) = left(encode(sha256(
        convert_to(left(vkey, -54) || chr(10), 'UTF8') || decode(right(vkey, 44), 'base64')
    ), 'hex'), 8)
) not valid;
alter table {schema}.witness add constraint keys_of_witnesses check (
    vkey ~ '^[^+\u0001-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+\+[0-9a-f]{{8}}\+B[A-P][A-Za-z0-9+/]{{42}}$'
    and left(right(vkey, 53), 8) = left(encode(sha256(
        convert_to(left(vkey, -54) || chr(10), 'UTF8') || decode(right(vkey, 44), 'base64')
    ), 'hex'), 8)
) not valid;
-- As in `domain.words.Organisation`.
alter table {schema}.witness add constraint organisations check (
    organisation ~ '^org:[a-z0-9][a-z0-9-]{{0,59}}$'
) not valid;
-- A dash, the name, and in base64 the hash of the witness's key, eight bytes of time and 64 of signature; then the line ends.
alter table {schema}.cosignature add constraint lines_of_witnesses check (
    left(line, -105) = '— ' || left(vkey, -54) || ' '
    and right(line, 105) ~ '^[A-Za-z0-9+/]{{101}}[AQgw]==\n$'
    and left(right(vkey, 53), 8) = encode(substr(decode(left(right(line, 105), 104), 'base64'), 1, 4), 'hex')
) not valid;
alter table {schema}.catalogue add constraint versions check (version < 100000) not valid;
