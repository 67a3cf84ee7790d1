-- What a worker does besides running steps: it says that it is ready, leaves in good order, and removes instances that are old enough.

-- Readiness is a relation that the worker makes, not the installation: clients read it to learn that somebody has initialised.
CREATE FUNCTION _duroxide.publish_ready() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('_duroxide._worker_ready') IS NULL THEN
        -- Two workers may be first. No advisory lock: anybody could hold it for ever; nobody else may lock this table.
        LOCK TABLE df._worker_epoch IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    IF to_regclass('_duroxide._worker_ready') IS NULL THEN
        CREATE TABLE _duroxide._worker_ready (
            sentinel bool PRIMARY KEY DEFAULT true CONSTRAINT only_one_sentinel CHECK (sentinel),
            schema_version int4 NOT NULL,
            initialized_at timestamptz NOT NULL DEFAULT now()
        );
        GRANT SELECT ON _duroxide._worker_ready TO PUBLIC;
    END IF;
    INSERT INTO _duroxide._worker_ready (schema_version) VALUES (1)
        ON CONFLICT (sentinel) DO UPDATE SET schema_version = 1, initialized_at = now()
        WHERE _worker_ready.schema_version <> 1;
END
$$;

CREATE FUNCTION _duroxide.settings_mark() RETURNS pg_catalog.text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT md5(coalesce(string_agg(s.name || '=' || s.value, E'\n' ORDER BY s.name), '')) FROM df._settings s $$;
COMMENT ON FUNCTION _duroxide.settings_mark() IS 'Changes whenever a setting changes: workers look at it with every beat.';

-- The worker ends: its instances go back into the queue, its row disappears.
CREATE FUNCTION _duroxide.leave(p_worker pg_catalog.uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE _duroxide.scopes SET worker = NULL, token = NULL, due_at = _duroxide.clock() WHERE worker = p_worker;
    IF FOUND THEN
        PERFORM pg_notify('dfsql_work', '');
    END IF;
    DELETE FROM df._worker_epoch WHERE epoch_id = p_worker;
END
$$;

-- Terminal instances beyond the newest 10,000 or older than p_days go, with everything about them. Age is that of completed_at, else of
-- created_at: users may write updated_at, so it decides nothing. Engine rows of instances that an administrator has deleted go too.
CREATE FUNCTION _duroxide.remove_expired(p_days pg_catalog.int4) RETURNS pg_catalog.int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_ids text[];
BEGIN
    SELECT array_agg(o.id) INTO v_ids FROM (
        SELECT i.id, coalesce(i.completed_at, i.created_at) AS at,
               row_number() OVER (ORDER BY coalesce(i.completed_at, i.created_at) DESC NULLS LAST, i.id DESC) AS rank
        FROM df.instances i WHERE i.status IN ('completed', 'failed', 'cancelled')) o
    WHERE o.rank > 10000 OR o.at <= clock_timestamp() - make_interval(days => p_days);
    DELETE FROM _duroxide.runs r WHERE r.instance_id = ANY (v_ids) OR NOT EXISTS (SELECT FROM df.instances i WHERE i.id = r.instance_id);
    DELETE FROM _duroxide.executions e WHERE NOT EXISTS (SELECT FROM _duroxide.runs r WHERE r.instance_id = e.instance_id);
    DELETE FROM _duroxide.inbox m WHERE NOT EXISTS (SELECT FROM _duroxide.runs r WHERE r.instance_id = m.instance_id);
    DELETE FROM _duroxide.scopes s WHERE NOT EXISTS (SELECT FROM _duroxide.runs r WHERE r.instance_id = left(s.scope_id, 8));
    DELETE FROM _duroxide.bindings b WHERE NOT EXISTS (SELECT FROM _duroxide.runs r WHERE r.instance_id = left(b.scope_id, 8));
    SET CONSTRAINTS ALL DEFERRED;
    DELETE FROM df.nodes n WHERE n.instance_id = ANY (v_ids);
    DELETE FROM df.instances i WHERE i.id = ANY (v_ids);
    RETURN coalesce(cardinality(v_ids), 0);
END
$$;

REVOKE ALL ON FUNCTION _duroxide.publish_ready(), _duroxide.settings_mark(), _duroxide.leave(pg_catalog.uuid),
    _duroxide.remove_expired(pg_catalog.int4) FROM PUBLIC;
