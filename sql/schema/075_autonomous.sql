-- Effects that do not wait for the caller's transaction: df.start(..., transaction_mode => 'new') and, with the setting dfsql.autonomous,
-- df.signal.
--
-- PostgreSQL has no autonomous transactions. What comes closest is a loopback: the server connects to itself through the contrib module
-- dblink, as the role that calls, and that session commits by itself. dblink need not be there for the installation: it is looked up when
-- somebody needs it, and where it is missing or a connection cannot be opened the call fails and says what to do. To make it work:
--
--     CREATE EXTENSION dblink;                                                           (superuser, once, in this database)
--     GRANT EXECUTE ON FUNCTION dblink_connect_u(text, text) TO <the owner of df>;       (superuser; not needed if that is one)
--     INSERT INTO df._settings VALUES ('dfsql.autonomous_conninfo', 'host=/var/run/postgresql');      (where the default does not fit)
--
-- and let pg_hba.conf, or a password file of the server's account, admit the submitting roles on that way.
--
-- An ordinary role may not open a connection without a password, so a helper with the owner's rights does it. Which role it logs in as is
-- the danger: inside the helper nothing tells reliably who called. The caller therefore inserts a request whose column requested_by is
-- filled by its default, the effective role. No role has the right to write that column itself, and row security checks it again. Only the
-- row's random key is handed over, and the helper does what the row says, nothing else.

CREATE UNLOGGED TABLE _duroxide.loopback_requests (
    key          pg_catalog.uuid PRIMARY KEY,
    requested_by pg_catalog.oid NOT NULL DEFAULT pg_catalog.quote_ident(current_user)::pg_catalog.regrole::pg_catalog.oid,
    kind         pg_catalog.text NOT NULL CHECK (kind OPERATOR(pg_catalog.=) ANY ('{start,signal}'::pg_catalog.text[])),
    arguments    pg_catalog.text[] NOT NULL
);
COMMENT ON TABLE _duroxide.loopback_requests IS 'empty between transactions: each row is deleted by the transaction that wrote it';
ALTER TABLE _duroxide.loopback_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY loopback_requests_own ON _duroxide.loopback_requests FOR INSERT
    WITH CHECK (requested_by OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole::pg_catalog.oid);
GRANT INSERT (key, kind, arguments) ON _duroxide.loopback_requests TO PUBLIC;

CREATE FUNCTION df._launch_lock_class() RETURNS pg_catalog.int4
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT 1346982470 $$;
COMMENT ON FUNCTION df._launch_lock_class() IS 'first key of the advisory locks that count launches; the second is 0 to limit - 1';

-- The schema of dblink, quoted. Fails when the owner of df may not use it.
CREATE FUNCTION _duroxide.dblink_schema() RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_schema oid;
    v_connect oid;
BEGIN
    SELECT p.pronamespace, p.oid INTO v_schema, v_connect
    FROM pg_extension e
    JOIN pg_proc p ON p.pronamespace = e.extnamespace AND p.proname = 'dblink_connect_u' AND p.pronargs = 2
    WHERE e.extname = 'dblink';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the extension dblink is not installed in database "%"', current_database()
            USING ERRCODE = 'feature_not_supported',
                  HINT = 'A superuser can install it: CREATE EXTENSION dblink; it is one of PostgreSQL''s contrib modules.';
    ELSIF NOT has_schema_privilege(v_schema, 'USAGE') OR NOT has_function_privilege(v_connect, 'EXECUTE') THEN
        RAISE EXCEPTION 'role "%" may not open connections with dblink', current_user
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('A superuser can allow it: GRANT USAGE ON SCHEMA %1$s TO %2$I; '
                                'GRANT EXECUTE ON FUNCTION %1$s.dblink_connect_u(text, text) TO %2$I;',
                                v_schema::regnamespace, current_user);
    END IF;
    RETURN v_schema::regnamespace::text;
END
$$;

-- Where the server finds itself, and as whom it logs in there. Later words win over earlier ones, so the setting cannot change the role.
CREATE FUNCTION _duroxide.loopback_conninfo(p_role pg_catalog.name) RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_given text := df._setting('dfsql.autonomous_conninfo');
    v_host text;
    v_all text := '';
    v_word text[];
BEGIN
    IF v_given !~ '^\s*([a-z_]+\s*=\s*(''([^''\\]|\\.)*''|([^\s''\\]|\\.)+)\s*)*$' THEN     -- libpq's own message would quote it
        RAISE EXCEPTION 'the setting dfsql.autonomous_conninfo is no list of keyword=value'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: host=/var/run/postgresql port=5432';
    END IF;
    IF v_given !~ '\yhost(addr)?\s*=' THEN
        BEGIN
            v_host := btrim(split_part(current_setting('unix_socket_directories'), ',', 1));
        EXCEPTION WHEN insufficient_privilege THEN          -- only members of pg_read_all_settings may look
            v_host := host(inet_server_addr());
        END;
    END IF;
    FOREACH v_word SLICE 1 IN ARRAY ARRAY[
        ['host', v_host], ['port', CASE WHEN v_given !~ '\yport\s*=' THEN current_setting('port') END],
        ['dbname', current_database()::text], ['user', p_role::text],
        ['application_name', 'pg_durable:backend:new-transaction'], ['connect_timeout', '30'],
        ['options', '-c df.in_workflow=false -c lock_timeout=30000 -c statement_timeout=30000']]
    LOOP
        IF v_word[2] <> '' THEN
            v_all := format('%s %s=''%s''', v_all, v_word[1], replace(replace(v_word[2], '\', '\\'), '''', '\'''));
        END IF;
    END LOOP;
    RETURN v_given || v_all;
END
$$;

-- Fails unless this session holds one of the slots that df._start_new takes: nobody gets around the limit by calling the helper directly.
CREATE FUNCTION _duroxide.check_launch_slot() RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_locks l
        WHERE l.locktype = 'advisory' AND l.granted AND l.pid = pg_backend_pid() AND l.objsubid = 2
          AND l.classid = df._launch_lock_class()::oid
          AND l.objid::int8 < df._setting('pg_durable.max_new_transaction_starts')::int8)
    THEN
        RAISE EXCEPTION 'no launch slot is held' USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
END
$$;

-- Sends the statement, waits for its one text, closes the connection. It waits by looking, because a wait inside libpq cannot be cancelled
-- in older versions of dblink.
CREATE FUNCTION _duroxide.run_in_loopback(p_role pg_catalog.name, p_statement pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_dblink text := _duroxide.dblink_schema();
    v_conninfo text := _duroxide.loopback_conninfo(p_role);
    v_name text := 'dfsql-' || gen_random_uuid();
    v_stage text := 'connect';
    v_pause float8 := 0.001;
    v_number int4;
    v_answer text;
    v_state text;
    v_message text;
    v_detail text;
BEGIN
    EXECUTE format('SELECT %s.dblink_connect_u($1, $2)', v_dblink) USING v_name, v_conninfo;
    v_stage := 'wait';
    EXECUTE format('SELECT %s.dblink_send_query($1, $2)', v_dblink) INTO v_number USING v_name, p_statement;
    LOOP
        EXECUTE format('SELECT %s.dblink_is_busy($1)', v_dblink) INTO v_number USING v_name;
        EXIT WHEN v_number = 0;
        PERFORM pg_sleep(v_pause);
        v_pause := least(v_pause * 1.5, 0.02);
    END LOOP;
    v_stage := 'result';
    EXECUTE format('SELECT r.answer FROM %s.dblink_get_result($1) AS r(answer text)', v_dblink) INTO v_answer USING v_name;
    v_stage := 'closed';
    EXECUTE format('SELECT %s.dblink_disconnect($1)', v_dblink) USING v_name;
    RETURN v_answer;
EXCEPTION WHEN query_canceled OR OTHERS THEN                -- OTHERS alone lets a cancelled caller leave the connection open
    GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL;
    BEGIN
        IF v_stage = 'wait' THEN
            EXECUTE format('SELECT %s.dblink_cancel_query($1)', v_dblink) INTO v_answer USING v_name;
        END IF;
        IF v_stage IN ('wait', 'result') THEN
            EXECUTE format('SELECT %s.dblink_disconnect($1)', v_dblink) USING v_name;
        END IF;
    EXCEPTION WHEN OTHERS THEN
        NULL;                                               -- the first error is the one to report
    END;
    IF v_stage = 'result' AND v_state = '57014' THEN        -- the other session's timeout, not our cancellation
        RAISE EXCEPTION '%', v_message USING ERRCODE = 'DF057';
    ELSIF v_stage = 'connect' AND v_state <> '57014' THEN
        RAISE EXCEPTION 'the loopback connection as "%" cannot be opened: %', p_role, coalesce(nullif(v_detail, ''), v_message)
            USING ERRCODE = v_state,
                  HINT = 'The server must be able to connect to itself as this role: see the setting dfsql.autonomous_conninfo '
                         '(for example host=/var/run/postgresql), pg_hba.conf and the password file of the server''s account.';
    END IF;
    RAISE;
END
$$;

-- The one door: does what a request says, as the role that wrote it. Safe for everybody, because a request of another role cannot be made.
CREATE FUNCTION _duroxide.loopback(p_key pg_catalog.uuid) RETURNS pg_catalog.text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_request _duroxide.loopback_requests;
    v_statement text := 'SELECT df._send_signal(%L, %L, %L)::pg_catalog.text';
BEGIN
    DELETE FROM _duroxide.loopback_requests r WHERE r.key = p_key RETURNING * INTO v_request;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such request' USING ERRCODE = 'no_data_found';
    END IF;
    IF v_request.kind = 'start' THEN
        PERFORM _duroxide.check_launch_slot();
        v_statement := 'SELECT df.start(%L::pg_catalog.text, %L::pg_catalog.text, %L::pg_catalog.text)';
    END IF;
    RETURN _duroxide.run_in_loopback(
        pg_get_userbyid(v_request.requested_by),
        format(v_statement, v_request.arguments[1], v_request.arguments[2], v_request.arguments[3]));
END
$$;

REVOKE ALL ON FUNCTION
    _duroxide.dblink_schema(), _duroxide.loopback_conninfo(pg_catalog.name), _duroxide.check_launch_slot(),
    _duroxide.run_in_loopback(pg_catalog.name, pg_catalog.text) FROM PUBLIC;

CREATE FUNCTION df._request_loopback(p_kind pg_catalog.text, p_arguments pg_catalog.text[]) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_key uuid := gen_random_uuid();
BEGIN
    INSERT INTO _duroxide.loopback_requests (key, kind, arguments) VALUES (v_key, p_kind, p_arguments);
    RETURN _duroxide.loopback(v_key);
END
$$;

-- False: the other session does not see the instance, so this transaction must have made it.
CREATE FUNCTION df._signal_now(p_instance pg_catalog.text, p_name pg_catalog.text, p_payload pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$ SELECT df._request_loopback('signal', ARRAY[p_instance, p_name, p_payload])::bool $$;

-- An error of the launch in the words that clients of df.start know.
CREATE FUNCTION df._launch_error(p_state pg_catalog.text, p_message pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE
        WHEN p_state = '55P03' AND p_message LIKE '%lock timeout%' THEN
            'pg_durable: transaction_mode => ''new'' launch hit lock_timeout after 30000ms while waiting on a lock in the loopback session: '
        WHEN p_state = 'DF057' AND p_message LIKE '%statement timeout%' THEN
            'pg_durable: transaction_mode => ''new'' launch hit statement_timeout after 30000ms while running df.start() in the loopback session: '
        ELSE 'df.start() on new transaction failed: ' END || p_message
$$;

CREATE FUNCTION df._launch(fut pg_catalog.text, label pg_catalog.text, database pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_hint text;
BEGIN
    RETURN df._request_loopback('start', ARRAY[fut, label, database]);
EXCEPTION WHEN OTHERS THEN                                  -- not query_canceled: that is the caller's own
    GET STACKED DIAGNOSTICS v_hint = PG_EXCEPTION_HINT;
    IF v_hint <> '' THEN
        RAISE EXCEPTION '%', df._launch_error(SQLSTATE, SQLERRM) USING ERRCODE = SQLSTATE, HINT = v_hint;
    END IF;
    RAISE EXCEPTION '%', df._launch_error(SQLSTATE, SQLERRM) USING ERRCODE = replace(SQLSTATE, 'DF057', '57014');
END
$$;

-- What df.start(..., transaction_mode => 'new') does: the id of an instance that is committed already. While it waits for a slot it has
-- written nothing and holds no lock but the caller's own. A slot is a session-level advisory lock, so it must be given back on every path.
CREATE FUNCTION df._start_new(fut pg_catalog.text, label pg_catalog.text, database pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_limit int4;
    v_seconds int4;
    v_slot int4;
    v_deadline timestamptz;
    v_id text;
BEGIN
    IF df._in_workflow() THEN
        RAISE EXCEPTION 'df.start() with transaction_mode => ''new'' cannot be called inside a workflow - a df.sql() node already runs as a single autocommitted statement, so a plain df.start() there is already independent of any caller transaction'
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM df._check_submitter(NULL);                      -- before a connection is opened as this role
    v_limit := df._setting('pg_durable.max_new_transaction_starts');
    v_seconds := df._setting('pg_durable.new_transaction_start_timeout');
    v_deadline := clock_timestamp() + make_interval(secs => v_seconds);
    BEGIN
        <<waiting>>
        LOOP
            FOR i IN 0 .. v_limit - 1 LOOP
                -- One expression: between a lock and a note of it in two statements a cancellation could come.
                v_slot := CASE WHEN pg_try_advisory_lock(df._launch_lock_class(), i) THEN i END;
                EXIT waiting WHEN v_slot IS NOT NULL;
            END LOOP;
            IF clock_timestamp() >= v_deadline THEN
                RAISE EXCEPTION 'pg_durable: transaction_mode => ''new'' launch limit reached (max_new_transaction_starts=%). Timed out after %s waiting for a launch slot before opening the loopback session.', v_limit, v_seconds
                    USING ERRCODE = 'too_many_connections';
            END IF;
            PERFORM pg_sleep(0.1);
        END LOOP;
        v_id := df._launch(fut, label, database);
    EXCEPTION WHEN query_canceled OR OTHERS THEN            -- OTHERS alone leaves a cancelled caller's slot taken until the session ends
        IF v_slot IS NOT NULL THEN
            PERFORM pg_advisory_unlock(df._launch_lock_class(), v_slot);
        END IF;
        RAISE;
    END;
    PERFORM pg_advisory_unlock(df._launch_lock_class(), v_slot);
    RETURN v_id;
END
$$;
COMMENT ON FUNCTION df._start_new(pg_catalog.text, pg_catalog.text, pg_catalog.text) IS
    'start an instance in a transaction of its own, which a rollback of the caller does not undo';
