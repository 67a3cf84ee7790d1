-- What a step's transaction calls: guard before the user's statement, checkpoint behind it.
--
-- guard runs with the rights of the submitting role, on a connection that logged in as that role. checkpoint runs with the rights of the
-- schema's owner; the fencing token is its ticket: 122 random bits that only the worker and the instance's own session know. The user's
-- statement may have changed role, search_path or any setting before: nothing here depends on them.

CREATE FUNCTION _duroxide.stamp_is_stale(p_new pg_catalog.text, p_old pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_new text[] := string_to_array(p_new, '::');
    v_old text[] := string_to_array(p_old, '::');
    v_at int := 2;                                          -- generations stand at even places, node ids at odd ones
BEGIN
    IF p_new IS NULL OR p_old IS NULL OR p_new = p_old OR v_new[1] <> v_old[1] THEN
        RETURN false;
    END IF;
    WHILE v_new[v_at] ~ '^[0-9]{1,18}$' AND v_old[v_at] ~ '^[0-9]{1,18}$' LOOP
        IF v_new[v_at]::int8 <> v_old[v_at]::int8 THEN
            RETURN v_new[v_at]::int8 < v_old[v_at]::int8;
        END IF;
        IF v_new[v_at + 1] IS DISTINCT FROM v_old[v_at + 1] THEN
            RETURN false;                                   -- sibling scopes never fence each other
        END IF;
        v_at := v_at + 2;
    END LOOP;
    RETURN false;
END
$$;
COMMENT ON FUNCTION _duroxide.stamp_is_stale(pg_catalog.text, pg_catalog.text) IS
    'Whether a node write stamped p_new is older than what the row carries: the first level of the lineage whose generations differ decides.';

-- All rows in one statement: PostgreSQL prepares the many CHECK constraints of df.nodes anew for every statement, which costs more than
-- the update itself. Nested loops are right whatever the statistics say: a few keys are looked up.
CREATE FUNCTION _duroxide.write_nodes(p_instances pg_catalog.text[], p_nodes pg_catalog.text[], p_statuses pg_catalog.text[],
                                      p_results pg_catalog.text[], p_stamps pg_catalog.text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
BEGIN
    UPDATE df.nodes n
    SET status = u.status, result = u.result, error = CASE WHEN u.status = 'failed' THEN u.result #>> '{}' END,
        status_details = u.details, updated_at = clock_timestamp()
    FROM (SELECT w.instance, w.node, w.status, w.result::jsonb AS result,
                 CASE WHEN starts_with(w.stamp, '{') THEN w.stamp::jsonb ELSE jsonb_build_object('execution_id', w.stamp) END AS details
          FROM unnest(p_instances, p_nodes, p_statuses, p_results, p_stamps) AS w(instance, node, status, result, stamp)) u
    WHERE n.instance_id = u.instance AND n.id = u.node
      AND (n.status_details IS NULL OR n.status_details = u.details
           OR NOT _duroxide.stamp_is_stale(u.details ->> 'execution_id', n.status_details ->> 'execution_id'))
      -- A branch that has just lost its race may still be writing that the nodes above it run.
      AND NOT (u.status = 'running' AND n.status IN ('completed', 'failed')
               AND n.status_details ->> 'execution_id' = u.details ->> 'execution_id');
END
$$;

-- The rarer parts of a checkpoint, as one JSON object; see runtime/checkpoint.py for who writes which key.
CREATE FUNCTION _duroxide.checkpoint_more(p_scope pg_catalog.text, p_instance pg_catalog.text, p_token pg_catalog.uuid,
                                          p_more pg_catalog.json) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    v_id text;
    v_wait json := p_more -> 'wait';
    v_outcome text := p_more ->> 'outcome';
    v_output text := p_more ->> 'output';
BEGIN
    -- The token may have been seen by the step's own SQL. It is good for this instance, never for the scopes of another one.
    IF EXISTS (SELECT FROM json_array_elements_text(coalesce(p_more -> 'drop', '[]')) e WHERE NOT starts_with(e, p_instance || '::'))
       OR EXISTS (SELECT FROM json_array_elements_text(coalesce(p_more -> 'fork', '[]')) e WHERE NOT starts_with(e, p_instance || '::')) THEN
        RAISE EXCEPTION 'a checkpoint of instance % names scopes of another one', p_instance USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF p_more -> 'take' IS NOT NULL THEN                    -- messages that this checkpoint consumes
        DELETE FROM _duroxide.inbox m WHERE m.instance_id = p_instance
            AND m.id IN (SELECT e::int8 FROM json_array_elements_text(p_more -> 'take') e);
    END IF;
    IF p_more -> 'drop' IS NOT NULL THEN                    -- scopes that have ended, with all below them
        FOR v_id IN SELECT json_array_elements_text(p_more -> 'drop') LOOP
            DELETE FROM _duroxide.scopes WHERE scope_id >= v_id AND scope_id < v_id || ':;';
            DELETE FROM _duroxide.bindings WHERE scope_id >= v_id AND scope_id < v_id || ':;';
        END LOOP;
    END IF;
    IF p_more -> 'fork' IS NOT NULL THEN                    -- the branches, before any of them does anything
        INSERT INTO _duroxide.scopes (scope_id, token) SELECT e, p_token FROM json_array_elements_text(p_more -> 'fork') e;
    END IF;
    IF v_wait IS NOT NULL OR p_more ->> 'intent' IS NOT NULL OR p_more ->> 'ended' IS NOT NULL OR p_more ->> 'attempts' IS NOT NULL THEN
        UPDATE _duroxide.scopes
        SET wait_node = v_wait ->> 'node', wait_until = to_timestamp((v_wait ->> 'until')::float8),
            intent = p_more ->> 'intent', ended = p_more ->> 'ended', attempts = coalesce((p_more ->> 'attempts')::int4, 0)
        WHERE scope_id = p_scope;
    END IF;
    IF p_more -> 'execution' IS NOT NULL THEN               -- a root loop has begun another generation
        INSERT INTO _duroxide.executions (instance_id, execution_id, started_at, ended_at)
            SELECT r.instance_id, r.generation, r.started_at, _duroxide.clock() FROM _duroxide.runs r WHERE r.instance_id = p_instance
            ON CONFLICT DO NOTHING;
        UPDATE _duroxide.runs SET generation = (p_more ->> 'execution')::int8, started_at = _duroxide.clock()
            WHERE instance_id = p_instance;
    END IF;
    IF p_more -> 'graph' IS NOT NULL THEN                   -- what the worker has in memory, before it forgets it
        PERFORM _duroxide.freeze(json_build_object(p_instance, p_more -> 'graph'));
    END IF;
    IF p_more -> 'park' IS NOT NULL THEN                    -- every scope waits: back into the queue, due at the earliest timer
        UPDATE _duroxide.scopes SET worker = NULL, token = NULL, due_at = coalesce(to_timestamp((p_more ->> 'park')::float8), 'infinity')
            WHERE scope_id = p_instance;
    END IF;
    IF v_outcome IS NOT NULL THEN
        IF EXISTS (SELECT FROM df.instances i WHERE i.id = p_instance AND i.status = 'cancelled') THEN
            v_outcome := 'cancelled';                       -- df.cancel has committed just before
            v_output := 'canceled: ' || coalesce((SELECT m.name FROM _duroxide.inbox m
                                                  WHERE m.instance_id = p_instance AND m.kind = 'cancel' ORDER BY m.id LIMIT 1), '');
        END IF;
        UPDATE _duroxide.runs SET outcome = v_outcome, output = v_output, ended_at = _duroxide.clock()
            WHERE instance_id = p_instance AND outcome IS NULL;
        DELETE FROM _duroxide.inbox WHERE instance_id = p_instance;
        IF v_outcome = 'completed' THEN
            DELETE FROM _duroxide.scopes WHERE scope_id >= p_instance AND scope_id < p_instance || ':;';
            DELETE FROM _duroxide.bindings WHERE scope_id >= p_instance AND scope_id < p_instance || ':;';
        ELSE                                                -- kept for df.retry_instance
            UPDATE _duroxide.scopes SET worker = NULL, token = NULL, due_at = NULL
                WHERE scope_id >= p_instance AND scope_id < p_instance || ':;';
        END IF;
    END IF;
END
$$;

-- p_status: what df.instances becomes ('running', 'completed', 'failed'), NULL = no change. Terminal states are final.
CREATE FUNCTION _duroxide.checkpoint(
    p_scope pg_catalog.text, p_token pg_catalog.uuid, p_generation pg_catalog.int8, p_position pg_catalog.text, p_carry pg_catalog.text,
    p_nodes pg_catalog.text[], p_statuses pg_catalog.text[], p_results pg_catalog.text[], p_stamps pg_catalog.text[],
    p_names pg_catalog.text[], p_values pg_catalog.text[], p_status pg_catalog.text, p_more pg_catalog.json) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    v_instance text := left(p_scope, 8);
BEGIN
    UPDATE _duroxide.scopes
    SET generation = p_generation, position = p_position, carry = p_carry, attempts = 0, wait_node = NULL, wait_until = NULL, intent = NULL
    WHERE scope_id = p_scope AND token = p_token AND ended IS NULL
        -- Not a session of a role that has the name of the submitter, but is not the submitter, nor anybody else who has learnt the token.
        AND (EXISTS (SELECT FROM _duroxide.runs r
                     WHERE r.instance_id = v_instance AND r.submitted_by = quote_ident(session_user)::regrole::oid)
             OR pg_has_role(session_user, current_user, 'MEMBER'));
    IF NOT FOUND THEN
        IF EXISTS (SELECT FROM _duroxide.scopes s WHERE s.scope_id = p_scope AND s.token = p_token AND s.ended IS NULL) THEN
            RAISE EXCEPTION 'instance % was not submitted by role "%"', v_instance, session_user USING ERRCODE = 'insufficient_privilege';
        END IF;
        RAISE EXCEPTION 'scope % is held by another worker', p_scope USING ERRCODE = 'DF001';
    END IF;
    IF p_nodes IS NOT NULL THEN
        PERFORM _duroxide.write_nodes(array_fill(v_instance, ARRAY[cardinality(p_nodes)]), p_nodes, p_statuses, p_results, p_stamps);
    END IF;
    IF p_more IS NOT NULL AND p_more -> 'clear' IS NOT NULL THEN  -- a root loop has begun another iteration, with no bindings at first
        DELETE FROM _duroxide.bindings WHERE scope_id = p_scope;
    END IF;
    FOR i IN 1 .. coalesce(cardinality(p_names), 0) LOOP
        INSERT INTO _duroxide.bindings (scope_id, name, value) VALUES (p_scope, p_names[i], p_values[i])
            ON CONFLICT (scope_id, name) DO UPDATE SET value = EXCLUDED.value;
    END LOOP;
    IF p_status IS NOT NULL THEN
        UPDATE df.instances i
        SET status = p_status, updated_at = clock_timestamp(),
            completed_at = CASE WHEN p_status = 'completed' THEN clock_timestamp() ELSE i.completed_at END
        WHERE i.id = v_instance AND i.status IN ('pending', 'running');
    END IF;
    IF p_more IS NOT NULL THEN
        PERFORM _duroxide.checkpoint_more(p_scope, v_instance, p_token, p_more);
    END IF;
END
$$;

-- Steps and waits that outlast 200 ms become visible from another connection. Rows that a checkpoint holds at this moment are skipped:
-- they are about to become terminal. A mark is [instance, node, stamp, behind]: while the step in front of the node is being committed,
-- `behind` says where its scope will stand then, and until it stands there the node is not shown, for that commit may be refused and the
-- node never be reached. Returns the places (from 1) of the marks that were written.
CREATE FUNCTION _duroxide.mark_running(p_marks pg_catalog.json) RETURNS pg_catalog.json
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    v_instances pg_catalog.text[];
    v_nodes pg_catalog.text[];
    v_stamps pg_catalog.text[];
    v_places pg_catalog.json;
BEGIN
    WITH free AS MATERIALIZED (
        SELECT n.instance_id, n.id, u.mark ->> 2 AS stamp, u.place
        FROM json_array_elements(p_marks) WITH ORDINALITY AS u(mark, place)
        JOIN df.nodes n ON n.instance_id = u.mark ->> 0 AND n.id = u.mark ->> 1
        WHERE NOT (n.status IN ('completed', 'failed') AND n.status_details ->> 'execution_id' = u.mark ->> 2)
          AND (u.mark ->> 3 IS NULL OR EXISTS (
               SELECT FROM _duroxide.scopes s WHERE s.scope_id = regexp_replace(u.mark ->> 2, '::[0-9]+$', '')
               AND concat(s.generation, ' ', s.position) = u.mark ->> 3))
        FOR NO KEY UPDATE OF n SKIP LOCKED
    ), listed AS (
        SELECT array_agg(f.instance_id::text) AS instances, array_agg(f.id::text) AS nodes, array_agg(f.stamp) AS stamps,
               json_agg(f.place) AS places FROM free f
    )
    SELECT l.instances, l.nodes, l.stamps, l.places INTO v_instances, v_nodes, v_stamps, v_places FROM listed l;
    IF v_nodes IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM _duroxide.write_nodes(v_instances, v_nodes, array_fill('running'::text, ARRAY[cardinality(v_nodes)]),
                                  array_fill(NULL::text, ARRAY[cardinality(v_nodes)]), v_stamps);
    UPDATE df.instances i SET status = 'running', updated_at = clock_timestamp()
        WHERE i.status = 'pending' AND i.id = ANY (ARRAY(SELECT j.id FROM df.instances j
            WHERE j.id = ANY (v_instances) AND j.status = 'pending' FOR NO KEY UPDATE SKIP LOCKED));
    RETURN v_places;
END
$$;

CREATE FUNCTION _duroxide.guard() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    v_name pg_catalog.text;
    v_dirty pg_catalog.bool;
    v_used_up pg_catalog.bool;
    v_may_log_in pg_catalog.bool;
    v_may_connect pg_catalog.bool;
BEGIN
    RESET SESSION AUTHORIZATION;
    RESET ROLE;
    RESET ALL;
    PERFORM pg_catalog.pg_advisory_unlock_all();
    DISCARD SEQUENCES;
    IF pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.<>) 0 THEN
        DISCARD TEMP;
    END IF;
    -- One query, because a query costs most.
    SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_statement() p WHERE p.from_sql)
            OR EXISTS (SELECT FROM pg_catalog.pg_cursor() c WHERE c.is_holdable),
        EXISTS (SELECT FROM pg_catalog.pg_listening_channels())
            OR pg_catalog.current_setting('transaction_isolation')
                OPERATOR(pg_catalog.<>) pg_catalog.current_setting('default_transaction_isolation')
            OR pg_catalog.current_setting('transaction_read_only')
                OPERATOR(pg_catalog.<>) pg_catalog.current_setting('default_transaction_read_only')
            OR pg_catalog.current_setting('transaction_deferrable')
                OPERATOR(pg_catalog.<>) pg_catalog.current_setting('default_transaction_deferrable'),
        EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) session_user AND r.rolcanlogin),
        pg_catalog.has_database_privilege(session_user, pg_catalog.current_database(), 'CONNECT')
    INTO v_dirty, v_used_up, v_may_log_in, v_may_connect;
    IF v_used_up THEN       -- this transaction has begun with what an earlier step left, and UNLISTEN would work at its end only
        RAISE EXCEPTION 'an earlier step has used this session up' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    IF v_dirty THEN
        FOR v_name IN SELECT p.name FROM pg_catalog.pg_prepared_statement() p WHERE p.from_sql LOOP
            EXECUTE pg_catalog.format('DEALLOCATE %I', v_name);
        END LOOP;
        FOR v_name IN SELECT c.name FROM pg_catalog.pg_cursor() c WHERE c.is_holdable LOOP
            EXECUTE pg_catalog.format('CLOSE %I', v_name);
        END LOOP;
    END IF;
    IF NOT v_may_log_in THEN
        RAISE EXCEPTION 'role "%" is not permitted to log in', session_user USING ERRCODE = '28000';
    END IF;
    IF NOT v_may_connect THEN
        RAISE EXCEPTION 'permission denied for database "%"', pg_catalog.current_database() USING ERRCODE = '42501';
    END IF;
END
$$;
COMMENT ON FUNCTION _duroxide.guard() IS
    'Makes a reused session look new and refuses when its role may no longer log in or connect: an open connection outlives DROP ROLE.';

REVOKE ALL ON FUNCTION
    _duroxide.write_nodes(pg_catalog.text[], pg_catalog.text[], pg_catalog.text[], pg_catalog.text[], pg_catalog.text[]),
    _duroxide.checkpoint_more(pg_catalog.text, pg_catalog.text, pg_catalog.uuid, pg_catalog.json),
    _duroxide.mark_running(pg_catalog.json) FROM PUBLIC;
