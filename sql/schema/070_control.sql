-- Looking at, waiting for, cancelling and signalling an instance.
--
-- Everything here runs with the rights of its caller: row security on df.instances decides which instances exist for whom, and a role can
-- neither look at nor touch those of others. cancel and signal write one message into _duroxide.inbox, in the caller's transaction; the
-- workers are woken when it commits and never if it is rolled back. With the setting dfsql.autonomous a signal is sent and committed by
-- a connection of its own instead (see the script about autonomous effects), so that a block may signal and then wait for the answer.

CREATE FUNCTION df.status(instance_id pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp
AS $$ SELECT i.status FROM df.instances i WHERE i.id = $1 $$;
COMMENT ON FUNCTION df.status(pg_catalog.text) IS
    'pending, running, completed, failed or cancelled; NULL if there is no such instance of the caller''s';

CREATE FUNCTION df.result(instance_id pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT n.result::text
    FROM df.instances i JOIN df.nodes n ON n.instance_id = i.id AND n.id = i.root_node
    WHERE i.id = $1 AND n.status = 'completed'
$$;
COMMENT ON FUNCTION df.result(pg_catalog.text) IS 'the result of the root node as JSON text, once that node has completed';

CREATE FUNCTION df.run(instance_id pg_catalog.text DEFAULT NULL) RETURNS pg_catalog.text
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce('Triggered run for instance: ' || $1, 'Triggered run for all pending instances') $$;
COMMENT ON FUNCTION df.run(pg_catalog.text) IS 'without effect, for old scripts: instances run as soon as their start commits';

-- Fails as an instance of somebody else and one that never was do, so that nobody can tell the two apart.
CREATE FUNCTION df._visible_status(p_instance pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_status text;
BEGIN
    SELECT i.status INTO v_status FROM df.instances i WHERE i.id = p_instance;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Instance not found or access denied: %', p_instance USING ERRCODE = 'no_data_found';
    END IF;
    RETURN v_status;
END
$$;

CREATE FUNCTION df.cancel(instance_id pg_catalog.text, reason pg_catalog.text DEFAULT 'Cancelled by user') RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM df._visible_status(cancel.instance_id);
    BEGIN
        UPDATE df.instances i SET status = 'cancelled', updated_at = now()
        WHERE i.id = cancel.instance_id AND (i.status IN ('completed', 'failed', 'cancelled')) IS NOT TRUE;
        IF FOUND THEN
            INSERT INTO _duroxide.inbox (instance_id, kind, name, sent_by)
            VALUES (cancel.instance_id, 'cancel', cancel.reason, quote_ident(current_user)::regrole);
        END IF;
    EXCEPTION
        WHEN transaction_rollback THEN
            RAISE;                                          -- the caller has to repeat its transaction, not to read a text
        WHEN OTHERS THEN
            RETURN 'Failed to cancel: ' || SQLERRM;
    END;
    RETURN format('Instance %s cancelled: %s', cancel.instance_id, cancel.reason);
END
$$;
COMMENT ON FUNCTION df.cancel(pg_catalog.text, pg_catalog.text) IS
    'stop an instance when this transaction commits; one that has ended stays as it is';

-- What a signal carries: JSON without the blanks between its tokens, its keys in their order; any other text as a JSON string. json takes
-- any escape; jsonb is asked too because half a surrogate pair and numbers without end are no values that a step could read.
CREATE FUNCTION df._signal_payload(p_data pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM p_data::json;
    BEGIN
        PERFORM p_data::jsonb;
    EXCEPTION WHEN untranslatable_character THEN
        NULL;                                               -- \u0000 is JSON, though jsonb cannot hold it
    END;
    RETURN df._compact(p_data);
EXCEPTION WHEN data_exception THEN
    RETURN to_json(p_data)::text;
END
$$;

-- Stores a message for an instance that has not ended. False: the instance is not to be seen from here.
CREATE FUNCTION df._send_signal(p_instance pg_catalog.text, p_name pg_catalog.text, p_payload pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_status text;
BEGIN
    SELECT i.status INTO v_status FROM df.instances i WHERE i.id = p_instance;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF (v_status IN ('completed', 'failed', 'cancelled')) IS NOT TRUE THEN
        INSERT INTO _duroxide.inbox (instance_id, kind, name, payload, sent_by)
        VALUES (p_instance, 'signal', p_name, p_payload, quote_ident(current_user)::regrole);
    END IF;
    RETURN true;
END
$$;

CREATE FUNCTION df.signal(instance_id pg_catalog.text, signal_name pg_catalog.text, signal_data pg_catalog.text DEFAULT '{}')
RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_payload text;
    v_hint text;
BEGIN
    IF signal.instance_id = '' THEN
        RAISE EXCEPTION 'Instance ID cannot be empty' USING ERRCODE = 'invalid_parameter_value';
    ELSIF signal.signal_name = '' THEN
        RAISE EXCEPTION 'Signal name cannot be empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_payload := df._signal_payload(signal.signal_data);
    PERFORM df._visible_status(signal.instance_id);
    BEGIN
        -- A step's messages belong to its transaction, or a step that is repeated would send them twice.
        IF df._setting('dfsql.autonomous') = 'on' AND NOT df._in_workflow()
           AND df._signal_now(signal.instance_id, signal.signal_name, v_payload) THEN
            RETURN 'OK';
        END IF;
        -- Also when the other connection cannot see the instance: then this transaction started it, and no worker knows it yet either.
        PERFORM df._send_signal(signal.instance_id, signal.signal_name, v_payload);
    EXCEPTION
        WHEN transaction_rollback THEN
            RAISE;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
            IF v_hint <> '' THEN
                RAISE EXCEPTION 'Failed to send signal: %', SQLERRM USING ERRCODE = SQLSTATE, HINT = v_hint;
            END IF;
            RAISE EXCEPTION 'Failed to send signal: %', SQLERRM USING ERRCODE = SQLSTATE;
    END;
    RETURN 'OK';
END
$$;
COMMENT ON FUNCTION df.signal(pg_catalog.text, pg_catalog.text, pg_catalog.text) IS
    'send a message to every wait of that name in the instance; kept for the next one if none is pending';

-- Each look needs a snapshot of its own, which only a VOLATILE function in a READ COMMITTED transaction gets. The pauses grow from 10 ms to
-- 100 ms, so a short workflow is not waited for longer than it takes.
CREATE FUNCTION df.await_instance(instance_id pg_catalog.text, timeout_seconds pg_catalog.int4 DEFAULT 30) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_status text;
    v_pause float8 := 0.01;
    v_deadline timestamptz;
BEGIN
    IF df._in_workflow() THEN
        RAISE EXCEPTION 'df.await_instance() cannot be called inside a workflow - it would block a worker thread (and self-deadlock if waiting on the current instance). Use df.signal() and df.wait_for_signal() for cross-workflow coordination.'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF timeout_seconds <= 0 THEN
        RAISE EXCEPTION 'Timeout must be positive' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_deadline := clock_timestamp() + make_interval(secs => timeout_seconds);
    LOOP
        SELECT lower(i.status) INTO v_status FROM df.instances i WHERE i.id = await_instance.instance_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'Instance not found: %', await_instance.instance_id USING ERRCODE = 'data_exception';
        END IF;
        EXIT WHEN v_status IN ('completed', 'failed', 'cancelled');
        IF clock_timestamp() + make_interval(secs => v_pause) >= v_deadline THEN
            RAISE EXCEPTION 'Timeout after %s waiting for instance % (status: %). Check if background worker is running.',
                timeout_seconds, await_instance.instance_id, v_status USING ERRCODE = 'data_exception';
        END IF;
        PERFORM pg_sleep(v_pause);
        v_pause := least(v_pause * 2, 0.1);
    END LOOP;
    PERFORM df._mark_helper('df.await_instance');
    RETURN v_status;
END
$$;
COMMENT ON FUNCTION df.await_instance(pg_catalog.text, pg_catalog.int4) IS
    'wait until the instance has ended and return its status; fails after timeout_seconds';

CREATE FUNCTION df.wait_for_completion(instance_id pg_catalog.text, timeout_seconds pg_catalog.int4 DEFAULT 30) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE WARNING 'df.wait_for_completion() is deprecated; use df.await_instance() instead';
    RETURN df.await_instance(instance_id, timeout_seconds);
END
$$;
COMMENT ON FUNCTION df.wait_for_completion(pg_catalog.text, pg_catalog.int4) IS 'deprecated name of df.await_instance';
