-- Lists and details of instances.
--
-- All of these but df.metrics run with the rights of their caller: row security on df.instances and on the engine's relations shows each
-- role its own. The status is always that of df.instances, which df.cancel changes at once; generation and output come from
-- _duroxide.runs, where the worker writes them. An instance without a row there (an administrator wrote it by hand) is shown all the same.
-- The names of function_name and of the states of executions are those that clients know from before.

CREATE FUNCTION df._check_limit(p_count pg_catalog.int4) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_most int4;
BEGIN
    IF p_count IS NULL THEN
        RAISE EXCEPTION 'unboxing limit_count argument failed' USING ERRCODE = 'null_value_not_allowed';
    ELSIF p_count < 1 THEN
        RAISE EXCEPTION 'limit_count must be at least 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    v_most := df._setting('pg_durable.list_instances_max_limit');
    IF p_count > v_most THEN
        RAISE EXCEPTION 'df.list_instances: limit_count (%) exceeds pg_durable.list_instances_max_limit (%); request fewer rows, or use the paginated df.list_instances overload (after_cursor/next_cursor) for large result sets',
            p_count, v_most USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;

CREATE FUNCTION df._function_name() RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT 'pg_durable::orchestration::execute-function-graph'::text $$;

CREATE FUNCTION df.list_instances(status_filter pg_catalog.text DEFAULT NULL, limit_count pg_catalog.int4 DEFAULT 100)
RETURNS TABLE (
    instance_id pg_catalog.text, label pg_catalog.text, function_name pg_catalog.text, status pg_catalog.text,
    execution_count pg_catalog.int8, output pg_catalog.text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM df._check_limit(limit_count);
    RETURN QUERY
        SELECT i.id::text, i.label, df._function_name(), i.status, coalesce(r.generation, 1), r.output
        FROM (SELECT * FROM df.instances j WHERE status_filter IS NULL OR j.status = status_filter
              ORDER BY j.created_at DESC, j.id LIMIT limit_count) i
        LEFT JOIN _duroxide.runs r ON r.instance_id = i.id
        ORDER BY i.created_at DESC, i.id;
END
$$;
COMMENT ON FUNCTION df.list_instances(pg_catalog.text, pg_catalog.int4) IS 'the caller''s instances, newest first';

-- A cursor is the hex form of v1|<created_at>|<id> of the last row that was shown.
CREATE FUNCTION df._encode_cursor(p_created_at pg_catalog.timestamptz, p_id pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT encode(convert_to(format('v1|%s|%s', to_char(p_created_at, 'YYYY-MM-DD"T"HH24:MI:SS.USOF'), p_id), 'UTF8'), 'hex')
$$;

CREATE FUNCTION df._decode_cursor(p_cursor pg_catalog.text, OUT created_at pg_catalog.timestamptz, OUT id pg_catalog.text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_parts text[];
BEGIN
    IF p_cursor ~ '^([0-9A-Fa-f]{2})+$' AND length(p_cursor) <= 512 THEN
        BEGIN
            v_parts := regexp_match(
                convert_from(decode(p_cursor, 'hex'), 'UTF8'),
                '^v1\|([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}[+-][0-9]{2}(?::[0-9]{2})?)\|(.+)$');
        EXCEPTION WHEN character_not_in_repertoire THEN
            v_parts := NULL;
        END;
    END IF;
    IF v_parts IS NULL THEN
        RAISE EXCEPTION 'df.list_instances: invalid after_cursor' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    created_at := v_parts[1];
    id := v_parts[2];
END
$$;

CREATE FUNCTION df.list_instances(
    status_filter pg_catalog.text, limit_count pg_catalog.int4, label_filter pg_catalog.text,
    after_cursor pg_catalog.text DEFAULT NULL)
RETURNS TABLE (
    instance_id pg_catalog.text, label pg_catalog.text, function_name pg_catalog.text, status pg_catalog.text,
    execution_count pg_catalog.int8, output pg_catalog.text, created_at pg_catalog.timestamptz,
    completed_at pg_catalog.timestamptz, next_cursor pg_catalog.text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_after record;
BEGIN
    PERFORM df._check_limit(limit_count);
    SELECT NULL::timestamptz AS created_at, NULL::text AS id INTO v_after;
    IF after_cursor IS NOT NULL THEN
        SELECT * INTO v_after FROM df._decode_cursor(after_cursor);
    END IF;
    RETURN QUERY
        WITH found AS MATERIALIZED (                        -- one row more than the page tells whether there is another page
            SELECT j.id, j.label, j.status, j.created_at, j.completed_at,
                   row_number() OVER (ORDER BY j.created_at DESC, j.id) AS place
            FROM df.instances j
            WHERE j.created_at IS NOT NULL
              AND (status_filter IS NULL OR j.status = status_filter)
              AND (label_filter IS NULL OR j.label = label_filter)
              AND (v_after.created_at IS NULL
                   OR j.created_at <= v_after.created_at AND (j.created_at < v_after.created_at OR j.id > v_after.id))
            ORDER BY j.created_at DESC, j.id
            LIMIT limit_count::int8 + 1
        ), next AS (
            SELECT df._encode_cursor(f.created_at, f.id) AS cursor FROM found f
            WHERE f.place = limit_count AND EXISTS (SELECT FROM found g WHERE g.place > limit_count)
        )
        SELECT i.id::text, i.label, df._function_name(), i.status, coalesce(r.generation, 1), r.output,
               i.created_at, i.completed_at, (SELECT n.cursor FROM next n)
        FROM found i LEFT JOIN _duroxide.runs r ON r.instance_id = i.id
        WHERE i.place <= limit_count
        ORDER BY i.place;
END
$$;
COMMENT ON FUNCTION df.list_instances(pg_catalog.text, pg_catalog.int4, pg_catalog.text, pg_catalog.text) IS
    'the caller''s instances page by page, newest first; next_cursor is after_cursor of the next page';

CREATE FUNCTION df.instance_info(instance_id pg_catalog.text)
RETURNS TABLE (
    instance_id pg_catalog.text, label pg_catalog.text, function_name pg_catalog.text, function_version pg_catalog.text,
    current_execution_id pg_catalog.int8, status pg_catalog.text, output pg_catalog.text)
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT i.id, i.label, df._function_name(), CASE WHEN r.instance_id IS NULL THEN 'unknown' ELSE '1.0.0' END,
           coalesce(r.generation, 1), i.status, r.output
    FROM df.instances i LEFT JOIN _duroxide.runs r ON r.instance_id = i.id
    WHERE i.id = $1
$$;
COMMENT ON FUNCTION df.instance_info(pg_catalog.text) IS 'one instance of the caller';

-- How a generation ended, in the words of the engine. Where the engine knows nothing, the status of the instance stands for it.
CREATE FUNCTION df._execution_status(p_outcome pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN p_outcome = 'completed' THEN 'Completed' WHEN p_outcome IN ('failed', 'cancelled') THEN 'Failed' ELSE 'Running' END
$$;

-- What a generation of a root loop hands to the next one: the iteration starts again with the captured variables and no results.
CREATE FUNCTION df._next_input(p_instance pg_catalog.text, p_generation pg_catalog.int8) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT json_build_object('instance_id', p_instance, 'execution_id', p_generation + 1)::text $$;

-- Records of a generation, counted as _duroxide.history lists them: its start, one per node that it wrote last, its end.
CREATE FUNCTION df.instance_executions(instance_id pg_catalog.text, limit_count pg_catalog.int4 DEFAULT 5)
RETURNS TABLE (
    execution_id pg_catalog.int8, status pg_catalog.text, event_count pg_catalog.int8, duration_ms pg_catalog.int8,
    output pg_catalog.text)
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF limit_count < 1 THEN
        RAISE EXCEPTION 'limit_count must be at least 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY
        WITH execution AS (
            SELECT coalesce(r.generation, 1) AS id,
                   df._execution_status(CASE WHEN r.instance_id IS NULL THEN i.status ELSE r.outcome END) AS status,
                   r.started_at, r.ended_at, r.output
            FROM df.instances i LEFT JOIN _duroxide.runs r ON r.instance_id = i.id
            WHERE i.id = $1
            UNION ALL
            SELECT e.execution_id, 'ContinuedAsNew', e.started_at, e.ended_at, df._next_input(i.id, e.execution_id)
            FROM df.instances i JOIN _duroxide.executions e ON e.instance_id = i.id
            WHERE i.id = $1
            ORDER BY 1 DESC
            LIMIT least(limit_count, 10000)
        ), written AS (
            SELECT n.status_details ->> 'execution_id' AS stamp, count(*) AS nodes
            FROM df.nodes n WHERE n.instance_id = $1 GROUP BY 1
        )
        SELECT e.id, e.status, 1 + coalesce(w.nodes, 0) + (e.status <> 'Running')::int4,
               coalesce((extract(epoch FROM e.ended_at - e.started_at) * 1000)::int8, 0), e.output
        FROM execution e LEFT JOIN written w ON w.stamp = $1 || '::' || e.id
        ORDER BY e.id DESC;
END
$$;
COMMENT ON FUNCTION df.instance_executions(pg_catalog.text, pg_catalog.int4) IS
    'the iterations of a loop at the root of an instance, newest first; one row for every other instance';

-- Counts over everybody's instances, so with the rights of the owner; nobody may call it who was not allowed to expressly.
CREATE FUNCTION df.metrics()
RETURNS TABLE (
    total_instances pg_catalog.int8, running_instances pg_catalog.int8, completed_instances pg_catalog.int8,
    failed_instances pg_catalog.int8, total_executions pg_catalog.int8, total_events pg_catalog.int8)
LANGUAGE sql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    WITH scope AS (
        SELECT r.outcome, r.generation FROM _duroxide.runs r
        UNION ALL                                           -- branches and inner loops that are under way, or kept for a retry
        SELECT CASE coalesce(s.ended::json ->> 'status', r.outcome) WHEN 'broke' THEN 'completed'
                    ELSE coalesce(s.ended::json ->> 'status', r.outcome) END,
               s.generation
        FROM _duroxide.scopes s JOIN _duroxide.runs r ON r.instance_id = split_part(s.scope_id, '::', 1)
        WHERE s.scope_id <> r.instance_id
    )
    SELECT count(*), count(*) FILTER (WHERE s.outcome IS NULL), count(*) FILTER (WHERE s.outcome = 'completed'),
           count(*) FILTER (WHERE s.outcome IN ('failed', 'cancelled')), coalesce(sum(s.generation), 0)::int8,
           (coalesce(sum(s.generation), 0) + count(s.outcome) + (SELECT count(n.status_details) FROM df.nodes n))::int8
    FROM scope s
$$;
COMMENT ON FUNCTION df.metrics() IS 'counts over the instances of all roles';
REVOKE EXECUTE ON FUNCTION df.metrics() FROM PUBLIC;
