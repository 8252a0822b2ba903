-- Appending to a raw log: any types, tags and bytes, stored as they come; no command ids, no rule about time.
--
-- Placeholders: {schema}, {schema_text}. The tables and `matching`, `store` are those of ../migrations/0001_log.sql.

-- Append all events unless the boundary admits something after `since`; the last position, or null for a conflict.
-- The lock is a statement of its own, as in the network's `append`.
create function {schema}.append_raw(
    types text[], bodies bytea[], tags text[], tag_of int[], boundary jsonb, since bigint
) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    head bigint;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'Appending needs the isolation level READ COMMITTED, not %: set default_transaction_isolation back.',
            current_setting('transaction_isolation');
    end if;
    if (jsonb_typeof(boundary) = 'array' and since is not null) is not true then
        raise exception 'Appending needs a boundary that is a JSON array, and a position: one is missing or of another form.';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('tasma log ' || {schema_text}, 0));
    select coalesce(max(e.position), 0) into head from {schema}.event e;
    if head > since and exists (select from {schema}.matching(boundary, since, 1)) then
        return null;
    end if;
    return {schema}.store(head + 1, clock_timestamp(), types, bodies, tags, tag_of);
end
$$;
