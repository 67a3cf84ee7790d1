-- df.retry_instance: a new instance that goes on where another one stopped.
--
-- A failed instance stays failed, and a cancelled one cancelled. Its rows in _duroxide.scopes and _duroxide.bindings stay too: they say
-- which node ended last in every line of execution and what the names were bound to. A retry makes a new instance with the same nodes
-- under the same node ids, copies those rows under the new instance id, and puts the new instance into the queue. The worker that takes
-- it walks down to the stored position, as after a crash, and meets the step that failed. What had ended well is not run again and its
-- results are there; branches of a JOIN that had ended keep their results, those that failed or were cancelled go on.
--
-- The caller inserts the rows of df.instances and df.nodes and one row into _duroxide.runs, all under row security, as df.start does. What
-- no user may read or write is copied by a trigger on runs, which believes nothing: both instances must belong to one role, the old one
-- must have ended without success, and the nodes must be the same.

CREATE FUNCTION _duroxide.copy_scopes(p_old pg_catalog.text, p_new pg_catalog.text) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO _duroxide.scopes (scope_id, due_at, generation, position, carry, ended)
        SELECT p_new || substr(s.scope_id, 9), CASE WHEN s.scope_id = p_old THEN _duroxide.clock() END, s.generation, s.position, s.carry,
               CASE WHEN s.ended::json ->> 'status' IN ('completed', 'broke') THEN s.ended END
        FROM _duroxide.scopes s
        WHERE s.scope_id >= p_old AND s.scope_id < p_old || ':;';
    INSERT INTO _duroxide.bindings (scope_id, name, value)
        SELECT p_new || substr(b.scope_id, 9), b.name, b.value
        FROM _duroxide.bindings b
        WHERE b.scope_id >= p_old AND b.scope_id < p_old || ':;';
    INSERT INTO _duroxide.scopes (scope_id, due_at) VALUES (p_new, _duroxide.clock())
        ON CONFLICT (scope_id) DO NOTHING;                  -- of an instance that ended before it began
END
$$;

-- Completed nodes keep result and details. The others keep only the stamp: which iteration of a loop is the current one follows from it.
CREATE FUNCTION _duroxide.copy_nodes(p_old pg_catalog.text, p_new pg_catalog.text) RETURNS pg_catalog.void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    UPDATE df.nodes n
    SET status = CASE WHEN o.status = 'completed' THEN 'completed' ELSE 'pending' END,
        result = CASE WHEN o.status = 'completed' THEN o.result END,
        status_details = CASE WHEN o.status = 'completed' THEN o.status_details ELSE '{}' END
                         || jsonb_build_object('execution_id', p_new || substr(o.status_details ->> 'execution_id', 9)),
        updated_at = clock_timestamp()
    FROM df.nodes o
    WHERE n.instance_id = p_new AND o.instance_id = p_old AND o.id = n.id
      AND starts_with(o.status_details ->> 'execution_id', p_old || '::')
$$;

CREATE FUNCTION _duroxide.same_nodes(p_old pg_catalog.text, p_new pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT count(*) = count(o.id) AND count(*) = count(n.id)
       AND coalesce(bool_and((o.node_type, o.query, o.result_name, o.left_node, o.right_node)
                             IS NOT DISTINCT FROM (n.node_type, n.query, n.result_name, n.left_node, n.right_node)), true)
    FROM (SELECT * FROM df.nodes WHERE instance_id = p_old) o
    FULL JOIN (SELECT * FROM df.nodes WHERE instance_id = p_new) n ON n.id = o.id
$$;

CREATE FUNCTION _duroxide.copy_run() RETURNS pg_catalog.trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_old _duroxide.runs;
BEGIN
    SELECT * INTO v_old FROM _duroxide.runs r WHERE r.instance_id = NEW.retry_of FOR KEY SHARE;
    IF v_old.submitted_by IS DISTINCT FROM NEW.submitted_by OR (v_old.outcome IN ('failed', 'cancelled')) IS NOT TRUE
       OR NOT _duroxide.same_nodes(NEW.retry_of, NEW.instance_id) THEN
        RAISE EXCEPTION 'instance % cannot go on from instance %', NEW.instance_id, NEW.retry_of USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM _duroxide.copy_scopes(NEW.retry_of, NEW.instance_id);
    PERFORM _duroxide.copy_nodes(NEW.retry_of, NEW.instance_id);
    UPDATE _duroxide.runs r
    SET vars = v_old.vars, generation = v_old.generation,
        -- The role may have another name by now, or other rights; if nothing was done yet, the worker loads everything anew.
        graph = CASE WHEN EXISTS (SELECT FROM _duroxide.scopes s WHERE s.scope_id = NEW.instance_id AND s.generation = 1 AND s.position IS NULL)
                      AND NOT EXISTS (SELECT FROM _duroxide.scopes s
                                      WHERE s.scope_id > NEW.instance_id || '::' AND s.scope_id < NEW.instance_id || ':;')
                     THEN NULL
                     ELSE (SELECT (v_old.graph::jsonb || jsonb_build_object('role', a.rolname, 'superuser', a.rolsuper))::json
                           FROM pg_roles a WHERE a.oid = NEW.submitted_by) END
    WHERE r.instance_id = NEW.instance_id;
    PERFORM pg_notify('dfsql_work', '');
    RETURN NULL;
END
$$;

REVOKE ALL ON FUNCTION
    _duroxide.copy_scopes(pg_catalog.text, pg_catalog.text), _duroxide.copy_nodes(pg_catalog.text, pg_catalog.text),
    _duroxide.same_nodes(pg_catalog.text, pg_catalog.text), _duroxide.copy_run() FROM PUBLIC;

CREATE TRIGGER runs_retry AFTER INSERT ON _duroxide.runs
    FOR EACH ROW WHEN (NEW.retry_of IS NOT NULL) EXECUTE FUNCTION _duroxide.copy_run();

-- Whether the caller may retry the instance: fails with the reason.
CREATE FUNCTION df._check_retry(p_instance pg_catalog.text) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_status text := df._visible_status(p_instance);
    v_owner regrole := (SELECT i.submitted_by FROM df.instances i WHERE i.id = p_instance);
    v_outcome text := (SELECT r.outcome FROM _duroxide.runs r WHERE r.instance_id = p_instance);
BEGIN
    IF v_owner <> quote_ident(current_user)::regrole THEN
        RAISE EXCEPTION 'df.retry_instance: only the role that submitted instance % can retry it (%)', p_instance, v_owner
            USING ERRCODE = 'insufficient_privilege';
    ELSIF (v_status IN ('failed', 'cancelled')) IS NOT TRUE OR v_outcome = 'completed' THEN
        RAISE EXCEPTION 'df.retry_instance: instance % is %; only a failed or cancelled instance can be retried',
            p_instance, coalesce(v_outcome, v_status) USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF v_outcome IS NULL THEN                            -- also when the owner has written that status himself
        RAISE EXCEPTION 'df.retry_instance: no worker has seen the end of instance % yet; try again in a moment', p_instance
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END
$$;

CREATE FUNCTION df.retry_instance(instance_id pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_old df.instances;
    v_new text;
BEGIN
    PERFORM df._check_retry(retry_instance.instance_id);
    SELECT * INTO v_old FROM df.instances i WHERE i.id = retry_instance.instance_id;
    PERFORM df._check_submitter(v_old.database);
    IF NOT df._worker_is_ready() THEN
        RAISE EXCEPTION 'failed to start durable function: pg_durable background worker not yet initialized — try again in a moment'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run a worker for this database: dfsql worker.';
    END IF;
    v_new := df._insert_instance(v_old.label, v_old.root_node, v_old.database);
    INSERT INTO df.nodes (id, instance_id, node_type, query, result_name, left_node, right_node, submitted_by, database)
        SELECT n.id, v_new, n.node_type, n.query, n.result_name, n.left_node, n.right_node, n.submitted_by, n.database
        FROM df.nodes n WHERE n.instance_id = retry_instance.instance_id;
    INSERT INTO _duroxide.runs (instance_id, submitted_by, retry_of)
        VALUES (v_new, quote_ident(current_user)::regrole, retry_instance.instance_id);
    RETURN v_new;
END
$$;
COMMENT ON FUNCTION df.retry_instance(pg_catalog.text) IS
    'a new instance that goes on from the failed step of a failed instance, or from where a cancelled one stood; returns its id';
