-- How workers register, prove that they live, and take instances: the functions behind leases.
--
-- A worker is a row in df._worker_epoch, beaten every 5 s, plus a session-level advisory lock that dies with the worker's process. It is
-- dead when its lock is gone or its row was not beaten for the lease time. Whoever notices releases its instances; a claim writes a fresh
-- random token to every scope of the instance, so whatever the dead worker still sends is refused. Only the schema's owner may call these.

CREATE FUNCTION _duroxide.lease_seconds() RETURNS pg_catalog.float8
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 15::float8 $$;

CREATE FUNCTION _duroxide.worker_lock_class() RETURNS pg_catalog.int4
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 1684435825 $$;   -- 'dfsq'
COMMENT ON FUNCTION _duroxide.worker_lock_class() IS 'First key of the advisory locks that workers hold while they live.';

CREATE FUNCTION _duroxide.register(p_worker pg_catalog.uuid) RETURNS pg_catalog.bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_try_advisory_lock(_duroxide.worker_lock_class(), hashtext(p_worker::text)) THEN
        -- Our own lost session, which the server believes to be alive. Anybody may take any advisory lock, so it may be a stranger's too:
        -- then terminating it is not permitted, and the worker begins anew under another id.
        PERFORM pg_terminate_backend(l.pid) FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.pid <> pg_backend_pid()
          AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
          AND l.classid = _duroxide.worker_lock_class()::oid
          AND l.objid::int8 = (hashtext(p_worker::text)::int8 & 4294967295);
        RETURN false;
    END IF;
    INSERT INTO df._worker_epoch (epoch_id, started_at, last_seen_at) VALUES (p_worker, _duroxide.clock(), _duroxide.clock())
        ON CONFLICT (epoch_id) DO UPDATE SET last_seen_at = _duroxide.clock();
    RETURN true;
END
$$;
COMMENT ON FUNCTION _duroxide.register(pg_catalog.uuid) IS 'Take the worker''s lock in this session and write its row; false when another session has the lock.';

CREATE FUNCTION _duroxide.is_dead(p_worker pg_catalog.uuid, p_last_seen pg_catalog.timestamptz) RETURNS pg_catalog.bool
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p_last_seen IS NULL
        OR p_last_seen < _duroxide.clock() - make_interval(secs => _duroxide.lease_seconds())
        OR NOT EXISTS (                                     -- a lock that somebody else has taken proves nothing
            SELECT FROM pg_locks l, pg_stat_get_activity(l.pid) a
            WHERE pg_has_role(a.usesysid, (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = 'df'), 'MEMBER') AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
              AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
              AND l.classid = _duroxide.worker_lock_class()::oid
              AND l.objid::int8 = (hashtext(p_worker::text)::int8 & 4294967295))
$$;

CREATE FUNCTION _duroxide.release_dead(p_worker pg_catalog.uuid) RETURNS pg_catalog.int8
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_count int8;
BEGIN
    WITH held AS MATERIALIZED (
        SELECT DISTINCT s.worker FROM _duroxide.scopes s WHERE s.worker IS NOT NULL AND s.worker <> p_worker
    ), dead AS MATERIALIZED (
        SELECT h.worker FROM held h LEFT JOIN df._worker_epoch w ON w.epoch_id = h.worker
        WHERE _duroxide.is_dead(h.worker, w.last_seen_at)
    ), free AS MATERIALIZED (
        SELECT s.scope_id FROM _duroxide.scopes s JOIN dead d ON s.worker = d.worker
        FOR UPDATE OF s SKIP LOCKED                         -- a commit of the dead one, or another worker that does the same
    ), freed AS (
        UPDATE _duroxide.scopes s SET worker = NULL, token = NULL, due_at = _duroxide.clock()
        FROM free f WHERE s.scope_id = f.scope_id
        RETURNING 1
    )
    SELECT count(*) INTO v_count FROM freed;
    RETURN v_count;
END
$$;

CREATE FUNCTION _duroxide.beat(p_worker pg_catalog.uuid) RETURNS pg_catalog.json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_released int8;
BEGIN
    UPDATE df._worker_epoch SET last_seen_at = _duroxide.clock() WHERE epoch_id = p_worker;
    IF NOT FOUND THEN
        RETURN NULL;                                        -- the installation was recreated, or we were silent for a minute
    END IF;
    v_released := _duroxide.release_dead(p_worker);
    DELETE FROM df._worker_epoch w
        WHERE w.epoch_id <> p_worker AND w.last_seen_at < _duroxide.clock() - interval '60 s';
    IF v_released > 0 THEN
        PERFORM pg_notify('dfsql_work', '');
    END IF;
    RETURN json_build_object('now', extract(epoch FROM _duroxide.clock()), 'released', v_released,
                             'lease', _duroxide.lease_seconds(), 'settings', _duroxide.settings_mark());
END
$$;
COMMENT ON FUNCTION _duroxide.beat(pg_catalog.uuid) IS 'Prove that the worker lives, release the instances of dead ones; NULL when the worker''s row is gone.';

-- The graph as the worker will use it for the whole life of the instance. Later edits of df.nodes change nothing: an instance that is
-- not over within half a second, or leaves the worker's memory, gets the graph that the worker has into runs (freeze).
CREATE FUNCTION _duroxide.read_graph(p_instance pg_catalog.text) RETURNS pg_catalog.json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT json_build_object(
        'root', i.root_node, 'label', i.label, 'database', i.database, 'owner', i.submitted_by::oid::int8,
        'role', (SELECT r.rolname FROM pg_roles r WHERE r.oid = i.submitted_by),
        'superuser', (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = i.submitted_by),
        'stranger', (SELECT n.id FROM df.nodes n WHERE n.instance_id = i.id AND n.submitted_by::oid <> i.submitted_by::oid
                     AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = n.submitted_by) LIMIT 1),
        -- One node more than there may be tells the worker that rows written by hand are too many.
        'nodes', (SELECT json_agg(json_build_array(n.id, n.node_type, n.query, n.result_name, n.left_node, n.right_node))
                  FROM (SELECT * FROM df.nodes m WHERE m.instance_id = i.id LIMIT 10001) n))
    FROM df.instances i WHERE i.id = p_instance
$$;

-- Whose the instance is, is never taken from the caller: a graph may come by a session in which the submitter's SQL has run.
CREATE FUNCTION _duroxide.freeze(p_graphs pg_catalog.json) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE _duroxide.runs r
    SET graph = (g.value::jsonb || jsonb_build_object(
        'owner', r.submitted_by::int8,
        'role', (SELECT a.rolname FROM pg_roles a WHERE a.oid = r.submitted_by),
        'superuser', (SELECT a.rolsuper FROM pg_roles a WHERE a.oid = r.submitted_by)))::json
    FROM json_each(p_graphs) g WHERE r.instance_id = g.key AND r.graph IS NULL
$$;

CREATE FUNCTION _duroxide.most_bytes() RETURNS pg_catalog.int4
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 400000000 $$;
COMMENT ON FUNCTION _duroxide.most_bytes() IS 'How large an instance may be with results and messages; PostgreSQL itself ends at 1 GB for a text.';

-- Takes the given instances for the worker: new tokens (this waits for whatever an earlier holder has under way) and everything to go on.
-- Not all of them if they are large: what is left is there for the next look. One that is too large for any worker comes with 'problem'.
CREATE FUNCTION _duroxide.take(p_worker pg_catalog.uuid, p_instances pg_catalog.text[]) RETURNS SETOF pg_catalog.json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    v_id text;
    v_token uuid;
    v_one json;
    v_bytes int8 := 0;
BEGIN
    FOREACH v_id IN ARRAY p_instances LOOP
        EXIT WHEN v_bytes > 32000000;
        v_token := gen_random_uuid();
        UPDATE _duroxide.scopes SET worker = p_worker, token = v_token WHERE scope_id = v_id;
        CONTINUE WHEN NOT FOUND;
        -- Always: a JOIN at the root has branches, but neither position nor wait of its own. Again until nothing is left: the commit that
        -- an update has waited for may have made further branches.
        LOOP
            UPDATE _duroxide.scopes SET token = v_token
                WHERE scope_id > v_id || '::' AND scope_id < v_id || ':;' AND token IS DISTINCT FROM v_token;
            EXIT WHEN NOT FOUND;
        END LOOP;
        BEGIN
            SELECT json_build_object(
            'id', v_id, 'token', v_token, 'graph', coalesce(r.graph, _duroxide.read_graph(v_id)), 'frozen', r.graph IS NOT NULL,
            'vars', r.vars,
            'scopes', (SELECT json_agg(json_build_array(s.scope_id, s.generation, s.position, s.carry, s.wait_node,
                                                        extract(epoch FROM s.wait_until), s.attempts, s.intent, s.ended))
                       FROM _duroxide.scopes s WHERE s.scope_id >= v_id AND s.scope_id < v_id || ':;'),
            'bindings', (SELECT json_agg(json_build_array(b.scope_id, b.name, b.value))
                         FROM _duroxide.bindings b WHERE b.scope_id >= v_id AND b.scope_id < v_id || ':;'),
            'mail', (SELECT json_agg(json_build_array(m.id, m.instance_id, m.kind, m.name, m.payload, m.kept, m.for_scope) ORDER BY m.id)
                     FROM _duroxide.inbox m WHERE m.instance_id = v_id))
            INTO v_one FROM _duroxide.runs r WHERE r.instance_id = v_id;
            IF octet_length(v_one::text) > _duroxide.most_bytes() THEN
                RAISE EXCEPTION 'more than % bytes', _duroxide.most_bytes() USING ERRCODE = 'program_limit_exceeded';
            END IF;
        EXCEPTION WHEN program_limit_exceeded OR out_of_memory OR internal_error THEN    -- the latter for a text of over 1 GB
            v_one := json_build_object('id', v_id, 'token', v_token, 'problem',
                'the instance with its results and messages is too large for a worker: ' || SQLERRM);
        END;
        CONTINUE WHEN v_one IS NULL;
        v_bytes := v_bytes + octet_length(v_one::text);
        RETURN NEXT v_one;
    END LOOP;
END
$$;

-- Claims up to p_limit instances that are due or have mail. Never touches df.instances, and skips what others have locked.
CREATE FUNCTION _duroxide.claim(p_worker pg_catalog.uuid, p_limit pg_catalog.int4) RETURNS SETOF pg_catalog.json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    v_due text[];
    v_mailed text[];
BEGIN
    SELECT array_agg(c.scope_id) INTO v_due FROM (
        SELECT s.scope_id FROM _duroxide.scopes s
        WHERE s.worker IS NULL AND s.due_at IS NOT NULL AND s.due_at <= _duroxide.clock()
        ORDER BY s.due_at LIMIT p_limit FOR UPDATE SKIP LOCKED) c;
    SELECT array_agg(c.scope_id) INTO v_mailed FROM (
        SELECT s.scope_id FROM _duroxide.scopes s
        WHERE s.worker IS NULL AND s.due_at IS NOT NULL AND s.scope_id IN (SELECT m.instance_id FROM _duroxide.inbox m WHERE NOT m.kept)
        LIMIT p_limit FOR UPDATE SKIP LOCKED) c;
    RETURN QUERY SELECT _duroxide.take(p_worker, ARRAY(SELECT DISTINCT u.id FROM unnest(coalesce(v_due, '{}') || coalesce(v_mailed, '{}')) u(id)));
END
$$;

-- One look for a worker: claimed instances, mail for those it holds, when to look again, and the time.
CREATE FUNCTION _duroxide.poll(p_worker pg_catalog.uuid, p_limit pg_catalog.int4) RETURNS pg_catalog.json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_claimed json;
    v_mail json;
    v_more bool;
    v_due timestamptz;
BEGIN
    IF p_limit > 0 THEN
        SELECT json_agg(c.one) INTO v_claimed FROM _duroxide.claim(p_worker, p_limit) c(one);
    END IF;
    -- Shares for everybody: a thousand messages and a few megabytes at a time, so that nobody's mail stops that of others.
    WITH mail AS (
        SELECT m.*, octet_length(m.name) + octet_length(m.payload) AS size,
               row_number() OVER (PARTITION BY m.instance_id ORDER BY m.id) AS place,
               sum(octet_length(m.name) + octet_length(m.payload)) OVER (PARTITION BY m.instance_id ORDER BY m.id) AS bytes
        FROM _duroxide.inbox m JOIN _duroxide.scopes s ON s.scope_id = m.instance_id
        WHERE NOT m.kept AND s.worker = p_worker
    ), counted AS (
        SELECT m.*, count(*) OVER () AS waiting, sum(m.size) OVER (ORDER BY m.bytes, m.id) AS total FROM mail m
    )
    SELECT json_agg(json_build_array(c.id, c.instance_id, c.kind, c.name, c.payload, c.kept, c.for_scope) ORDER BY c.id), max(c.waiting) > count(*)
        INTO v_mail, v_more FROM counted c
        WHERE c.place <= 1000 AND c.total <= 64000000;
    SELECT s.due_at INTO v_due FROM _duroxide.scopes s WHERE s.worker IS NULL AND s.due_at IS NOT NULL ORDER BY s.due_at LIMIT 1;
    RETURN json_build_object('now', extract(epoch FROM _duroxide.clock()), 'claimed', v_claimed, 'mail', v_mail,
                             'due', CASE WHEN v_more THEN extract(epoch FROM least(v_due, _duroxide.clock() + interval '250 ms'))
                                         WHEN isfinite(v_due) THEN extract(epoch FROM v_due) END);
END
$$;

-- Takes an instance that this worker holds once more, with a new token; NULL when another worker has it or it has ended.
CREATE FUNCTION _duroxide.retake(p_worker pg_catalog.uuid, p_instance pg_catalog.text) RETURNS pg_catalog.json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM _duroxide.scopes s WHERE s.scope_id = p_instance AND s.worker = p_worker FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT _duroxide.take(p_worker, ARRAY[p_instance]));
END
$$;

-- Takes whatever the worker holds and does not know of: an answer was lost, or an instance left its memory in disorder.
CREATE FUNCTION _duroxide.retake_missing(p_worker pg_catalog.uuid, p_known pg_catalog.text[]) RETURNS pg_catalog.json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_ids text[];
BEGIN
    SELECT array_agg(m.scope_id) INTO v_ids FROM (
        SELECT s.scope_id FROM _duroxide.scopes s
        WHERE s.worker = p_worker AND s.scope_id <> ALL (p_known) FOR UPDATE SKIP LOCKED) m;
    RETURN (SELECT json_agg(t.one) FROM _duroxide.take(p_worker, coalesce(v_ids, '{}')) t(one));
END
$$;

-- Whether the token is the instance's; it stays so until the caller's transaction ends.
CREATE FUNCTION _duroxide.holds(p_instance pg_catalog.text, p_token pg_catalog.uuid) RETURNS pg_catalog.bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM _duroxide.scopes s WHERE s.scope_id = p_instance AND s.token = p_token FOR SHARE;
    RETURN FOUND;
END
$$;

-- A message came while nobody waited for its name: it is kept for the next wait, and wakes nobody any more. False: the instance has left
-- the worker meanwhile, and the message is for whoever takes it next.
CREATE FUNCTION _duroxide.keep_messages(p_instance pg_catalog.text, p_token pg_catalog.uuid, p_ids pg_catalog.json) RETURNS pg_catalog.bool
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT _duroxide.holds(p_instance, p_token) THEN
        RETURN false;
    END IF;
    UPDATE _duroxide.inbox m SET kept = true
    WHERE m.instance_id = p_instance AND m.id IN (SELECT e::int8 FROM json_array_elements_text(p_ids) e);
    RETURN true;
END
$$;

-- A message came while several scopes waited for its name: each gets a copy of its own, all in this one commit. NULL: as above.
CREATE FUNCTION _duroxide.copy_message(p_instance pg_catalog.text, p_token pg_catalog.uuid, p_id pg_catalog.int8, p_scopes pg_catalog.json)
RETURNS pg_catalog.json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_copies json;
BEGIN
    IF NOT _duroxide.holds(p_instance, p_token) THEN
        RETURN NULL;
    END IF;
    WITH original AS (
        DELETE FROM _duroxide.inbox m WHERE m.instance_id = p_instance AND m.id = p_id RETURNING *
    ), copies AS (
        INSERT INTO _duroxide.inbox (instance_id, kind, name, payload, sent_by, sent_at, kept, for_scope)
        SELECT o.instance_id, o.kind, o.name, o.payload, o.sent_by, o.sent_at, true, e.scope
        FROM original o, json_array_elements_text(p_scopes) WITH ORDINALITY AS e(scope, number) ORDER BY e.number
        RETURNING id, for_scope
    )
    SELECT json_agg(c.id ORDER BY e.number) INTO v_copies FROM copies c
    JOIN json_array_elements_text(p_scopes) WITH ORDINALITY AS e(scope, number) ON e.scope = c.for_scope;
    RETURN v_copies;
END
$$;

-- A cancelled instance has stopped. df.instances says so already; the state is kept for df.retry_instance.
CREATE FUNCTION _duroxide.end_cancelled(p_instance pg_catalog.text, p_output pg_catalog.text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    UPDATE _duroxide.scopes SET worker = NULL, token = NULL, due_at = NULL
        WHERE scope_id >= p_instance AND scope_id < p_instance || ':;';
    UPDATE _duroxide.runs SET outcome = 'cancelled', output = p_output, ended_at = _duroxide.clock()
        WHERE instance_id = p_instance AND outcome IS NULL;
    DELETE FROM _duroxide.inbox WHERE instance_id = p_instance;
END
$$;

REVOKE ALL ON FUNCTION
    _duroxide.retake(pg_catalog.uuid, pg_catalog.text), _duroxide.retake_missing(pg_catalog.uuid, pg_catalog.text[]),
    _duroxide.holds(pg_catalog.text, pg_catalog.uuid), _duroxide.keep_messages(pg_catalog.text, pg_catalog.uuid, pg_catalog.json),
    _duroxide.copy_message(pg_catalog.text, pg_catalog.uuid, pg_catalog.int8, pg_catalog.json),
    _duroxide.end_cancelled(pg_catalog.text, pg_catalog.text),
    _duroxide.register(pg_catalog.uuid), _duroxide.is_dead(pg_catalog.uuid, pg_catalog.timestamptz), _duroxide.release_dead(pg_catalog.uuid),
    _duroxide.beat(pg_catalog.uuid), _duroxide.read_graph(pg_catalog.text), _duroxide.freeze(pg_catalog.json),
    _duroxide.most_bytes(), _duroxide.take(pg_catalog.uuid, pg_catalog.text[]),
    _duroxide.claim(pg_catalog.uuid, pg_catalog.int4), _duroxide.poll(pg_catalog.uuid, pg_catalog.int4) FROM PUBLIC;
