-- Steps that wait or leave a loop: sleep, wait_for_schedule, wait_for_signal, break.
--
-- They have no children. What they need is kept as a small JSON object in the envelope's query, in compact spelling; of a sleep it is
-- just the number of seconds. Cron texts are checked in 033_cron.sql.

CREATE FUNCTION df._leaf(node_type pg_catalog.text, query pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT
RETURN '{"node_type":"' OPERATOR(pg_catalog.||) node_type OPERATOR(pg_catalog.||) '","query":'
    OPERATOR(pg_catalog.||) pg_catalog.to_json(query)::pg_catalog.text OPERATOR(pg_catalog.||) '}';

CREATE FUNCTION df.sleep(seconds pg_catalog.int8) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF seconds < 0 THEN
        RAISE EXCEPTION 'Sleep duration must be non-negative' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN df._leaf('SLEEP', seconds::text);
END
$$;
COMMENT ON FUNCTION df.sleep(pg_catalog.int8) IS 'waits so many seconds';

CREATE FUNCTION df.wait_for_schedule(cron_expr pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    problem text := df._cron_problem(cron_expr);
BEGIN
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'Invalid cron expression ''%'': Invalid expression: Invalid cron expression.', cron_expr
            USING ERRCODE = 'invalid_parameter_value', DETAIL = upper(left(problem, 1)) || substr(problem, 2) || '.';
    END IF;
    RETURN df._leaf('WAIT_SCHEDULE', '{"cron_expr":' || to_json(cron_expr) || '}');
END
$$;
COMMENT ON FUNCTION df.wait_for_schedule(pg_catalog.text) IS
    'waits for the next time of a cron text: minute, hour, day of month, month, day of week, in UTC';

CREATE FUNCTION df.wait_for_signal(name pg_catalog.text, timeout_seconds pg_catalog.int4 DEFAULT NULL) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF name IS NULL THEN
        RAISE EXCEPTION 'unboxing name argument failed' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF name = '' THEN
        RAISE EXCEPTION 'Signal name cannot be empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF timeout_seconds <= 0 THEN
        RAISE EXCEPTION 'Timeout must be positive' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN df._leaf('SIGNAL', '{"signal_name":' || to_json(name)
                              || ',"timeout_seconds":' || coalesce(timeout_seconds::text, 'null') || '}');
END
$$;
COMMENT ON FUNCTION df.wait_for_signal(pg_catalog.text, pg_catalog.int4) IS 'waits for df.signal, at most so many seconds';

CREATE FUNCTION df.break(value pg_catalog.text DEFAULT NULL) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN df._leaf('BREAK', '{"break_value":' || coalesce(to_json(value)::text, 'null') || '}');
END
$$;
COMMENT ON FUNCTION df.break(pg_catalog.text) IS 'leaves the innermost loop, whose result is the value';
