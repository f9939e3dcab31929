-- What keeps the log honest when a program is not. Errors: ES001 epoch over, ES002 gap, ES003 broken chain, ES004 wrong
-- hash, ES005 change of a written record, ES006 lease held. All functions run as the schema's owner, with a fixed path.

create function candled.guard_append() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    batch record;
    owned bigint;
    previous bytea := decode(repeat('00', 32), 'hex');
    bad record;
begin
    select min(stream_id) as stream, max(stream_id) as other, min(epoch) as epoch, max(epoch) as newest,
           min(seq) as first, max(seq) as last, count(*) as records
      into batch from added;
    if batch.records = 0 then
        return null;
    end if;
    if batch.stream <> batch.other then
        raise exception 'one append, one stream' using errcode = 'ES002';
    end if;

    -- Waits for a take-over that is under way. Makes the next one wait for this transaction, and its writer too, when
    -- it comes back from a lost connection to see whether this was committed.
    select epoch into owned from candled.leases
     where stream_id = batch.stream and holder is not null for share;
    if owned is null or batch.epoch <> owned or batch.newest <> owned then
        raise exception 'epoch % of stream % is over', batch.epoch, batch.stream using errcode = 'ES001';
    end if;

    if batch.first > 1 then
        select hash into previous from candled.events where stream_id = batch.stream and seq = batch.first - 1;
    end if;
    if previous is null or batch.first < 1 or batch.last - batch.first + 1 <> batch.records then
        raise exception 'record % does not follow the last one', batch.first using errcode = 'ES002';
    end if;

    select seq, linked into bad
      from (select seq, prev_hash = lag(hash, 1, previous) over (order by seq) as linked,
                   hash = sha256(prev_hash || convert_to(
                       seq || ' ' || epoch || ' ' || type || ' ' || schema_version || ' ' || ts || ' ', 'UTF8'
                   ) || payload) as hashed
              from added) as checked
     where not (linked and hashed) order by seq limit 1;
    if found and not bad.linked then
        raise exception 'record % does not continue the chain', bad.seq using errcode = 'ES003';
    elsif found then
        raise exception 'record % does not have the hash of its content', bad.seq using errcode = 'ES004';
    end if;
    return null;
end $$;

create trigger guard_append after insert on candled.events
    referencing new table as added for each statement execute function candled.guard_append();

create function candled.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception 'a record of the log is never changed' using errcode = 'ES005';
end $$;

create trigger refuse_change before update or delete or truncate on candled.events
    for each statement execute function candled.refuse_change();

-- A lease is live while its owner is connected and its heartbeat, due every 2 s, is younger than 10 s. An owner of this
-- schema who may not see when other sessions began knows them by their pid alone.
create function candled.is_live(lease candled.leases) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select lease.holder is not null
       and lease.heartbeat_at > clock_timestamp() - interval '10 seconds'
       and exists (select from pg_stat_activity
                    where pid = lease.backend_pid and coalesce(backend_start = lease.backend_start, true))
$$;

-- Become the writer of a stream, which is made if it is new. A stopped owner's connection is ended first: it may hold
-- the lease's row in a transaction that it will never finish.
create function candled.take_lease(stream_name text, new_holder text, out stream bigint, out new_epoch bigint)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    lease candled.leases;
begin
    insert into candled.streams (name) values (stream_name) on conflict (name) do nothing;
    select id into stream from candled.streams where name = stream_name;
    insert into candled.leases (stream_id, epoch) values (stream, 0) on conflict (stream_id) do nothing;

    select * into lease from candled.leases where stream_id = stream;
    if not candled.is_live(lease) then
        begin
            perform pg_terminate_backend(pid, 2000) from pg_stat_activity
              where pid = lease.backend_pid and backend_start = lease.backend_start and pid <> pg_backend_pid();
        exception when insufficient_privilege then
            null;  -- the epoch fences it all the same
        end;
        perform pg_stat_clear_snapshot();
        select * into lease from candled.leases where stream_id = stream for update;
    end if;
    if candled.is_live(lease) then
        raise exception 'stream % is being written by %', stream_name, lease.holder using errcode = 'ES006';
    end if;
    update candled.leases
       set epoch = epoch + 1, holder = new_holder, heartbeat_at = clock_timestamp(),
           (backend_pid, backend_start)
               = (select pid, backend_start from pg_stat_activity where pid = pg_backend_pid())
     where stream_id = stream
     returning epoch into new_epoch;
end $$;

-- The owner lives, and this is its connection now. ES001 when it is the owner no more.
create function candled.keep_lease(stream bigint, owned_epoch bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update candled.leases
       set heartbeat_at = clock_timestamp(),
           (backend_pid, backend_start)
               = (select pid, backend_start from pg_stat_activity where pid = pg_backend_pid())
     where stream_id = stream and epoch = owned_epoch and holder is not null;
    if not found then
        raise exception 'epoch % of stream % is over', owned_epoch, stream using errcode = 'ES001';
    end if;
end $$;

create function candled.release_lease(stream bigint, owned_epoch bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    update candled.leases set holder = null, backend_pid = null, backend_start = null
     where stream_id = stream and epoch = owned_epoch
$$;

-- Keep every writer out until the transaction ends, so that projections can be made anew. ES006 while one is at work.
create function candled.hold_stream(stream bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    lease candled.leases;
begin
    select * into lease from candled.leases where stream_id = stream for update;
    if candled.is_live(lease) then
        raise exception 'stream % is being written by %', stream, lease.holder using errcode = 'ES006';
    end if;
end $$;

do $$
begin
    -- A role belongs to the server, not to the database: it may be here already, with or without a login.
    if not exists (select from pg_roles where rolname = 'candled') then
        create role candled nologin;
    end if;
exception when duplicate_object or unique_violation then
    null;  -- another database of this server was upgraded at the same moment
end $$;

revoke all on schema candled from public;
revoke all on all tables in schema candled from public;
revoke execute on all functions in schema candled from public;

grant usage on schema candled to candled;
grant select on all tables in schema candled to candled;
grant insert on candled.events to candled;
grant insert, update, delete on candled.orders, candled.fills, candled.positions, candled.decisions, candled.equity,
    candled.snapshots to candled;
grant execute on function candled.take_lease, candled.keep_lease, candled.release_lease, candled.hold_stream to candled;
