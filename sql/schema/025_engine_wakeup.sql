-- What happens when an instance or a message is accepted: the queue entry is made and the workers are woken, in the caller's transaction.
--
-- Both functions are trigger functions: nobody can call them, and the rows that fire them have passed row security. NOTIFY is sent with
-- an empty payload, so a transaction that starts a thousand instances wakes the workers once.

CREATE TABLE _duroxide.clock_offset (
    only_one pg_catalog.bool PRIMARY KEY DEFAULT true CHECK (only_one),
    by_much  pg_catalog.interval NOT NULL                   -- tests move the engine's time with a row here
);

CREATE FUNCTION _duroxide.clock() RETURNS pg_catalog.timestamptz
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$ SELECT clock_timestamp() + coalesce((SELECT by_much FROM _duroxide.clock_offset), interval '0') $$;
COMMENT ON FUNCTION _duroxide.clock() IS 'The one clock of timers, leases and schedules.';

CREATE FUNCTION _duroxide.enqueue() RETURNS pg_catalog.trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO _duroxide.scopes (scope_id, due_at) VALUES (NEW.instance_id, _duroxide.clock());
    PERFORM pg_notify('dfsql_work', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER runs_enqueue AFTER INSERT ON _duroxide.runs
    FOR EACH ROW WHEN (NEW.retry_of IS NULL) EXECUTE FUNCTION _duroxide.enqueue();

-- Messages that nobody reads must not pile up: a worker looks through all new ones with every look.
CREATE FUNCTION _duroxide.announce() RETURNS pg_catalog.trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT f.instance_id FROM fresh f WHERE f.for_scope IS NULL) i
               WHERE (SELECT count(*) FROM (SELECT FROM _duroxide.inbox m WHERE m.instance_id = i.instance_id LIMIT 10001) c) > 10000) THEN
        RAISE EXCEPTION 'more than 10000 messages wait in one instance' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    DELETE FROM _duroxide.inbox m USING fresh f, _duroxide.runs r
        WHERE m.id = f.id AND r.instance_id = f.instance_id AND r.outcome IS NOT NULL;
    PERFORM pg_notify('dfsql_work', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER inbox_announce AFTER INSERT ON _duroxide.inbox
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION _duroxide.announce();

REVOKE ALL ON FUNCTION _duroxide.clock(), _duroxide.enqueue(), _duroxide.announce() FROM PUBLIC;
