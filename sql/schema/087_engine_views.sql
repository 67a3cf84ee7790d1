-- What administrators and their tools look for in the engine's schema: the view history and the function get_instance_info.
--
-- The engine keeps no history, it keeps where an instance stands. The records below are derived from that: the start of every generation of
-- the root scope, one record for each node that this generation was the last to write, and the generation's end. Only the owner of the
-- schema and superusers may read them.

CREATE VIEW _duroxide.history AS
WITH execution AS NOT MATERIALIZED (                      -- so that a look for one instance finds its rows by key
    SELECT e.instance_id, e.execution_id, e.started_at, e.ended_at,
           'OrchestrationContinuedAsNew'::pg_catalog.text AS end_type, df._next_input(e.instance_id, e.execution_id) AS output
    FROM _duroxide.executions e
    UNION ALL
    SELECT r.instance_id, r.generation, r.started_at, r.ended_at,
           'Orchestration' OPERATOR(pg_catalog.||) df._execution_status(r.outcome), r.output
    FROM _duroxide.runs r
), record AS (
    SELECT e.instance_id, e.execution_id, 1 AS part, e.started_at AS created_at, 'OrchestrationStarted'::pg_catalog.text AS event_type,
           NULL::pg_catalog.text AS node_id, NULL::pg_catalog.text AS text
    FROM execution e
    UNION ALL
    SELECT e.instance_id, e.execution_id, 2, n.updated_at,
           CASE WHEN n.status OPERATOR(pg_catalog.=) 'completed' THEN 'ActivityCompleted'
                WHEN n.status OPERATOR(pg_catalog.=) 'failed' THEN 'ActivityFailed'
                ELSE 'ActivityScheduled' END,
           n.id, n.result::pg_catalog.text
    FROM execution e
    JOIN df.nodes n ON n.instance_id OPERATOR(pg_catalog.=) e.instance_id
     AND (n.status_details OPERATOR(pg_catalog.->>) 'execution_id')
         OPERATOR(pg_catalog.=) (e.instance_id OPERATOR(pg_catalog.||) '::' OPERATOR(pg_catalog.||) e.execution_id)
    UNION ALL
    SELECT e.instance_id, e.execution_id, 3, e.ended_at, e.end_type, NULL, e.output
    FROM execution e WHERE e.ended_at IS NOT NULL
), numbered AS (
    SELECT r.*, pg_catalog.row_number() OVER (
        PARTITION BY r.instance_id, r.execution_id ORDER BY r.part, r.created_at, r.node_id) AS event_id
    FROM record r
)
SELECT n.instance_id::pg_catalog.text AS instance_id, n.execution_id, n.event_id, n.event_type,
       pg_catalog.json_build_object(
           'type', n.event_type, 'instance_id', n.instance_id, 'execution_id', n.execution_id, 'event_id', n.event_id,
           'node_id', n.node_id,
           CASE WHEN n.event_type OPERATOR(pg_catalog.~) 'Failed$' THEN 'error' ELSE 'result' END, n.text)::pg_catalog.text AS event_data,
       n.created_at
FROM numbered n;
COMMENT ON VIEW _duroxide.history IS 'records of instances, derived from their present state';

CREATE FUNCTION _duroxide.get_instance_info(p_instance_id pg_catalog.text)
RETURNS TABLE (
    instance_id pg_catalog.text, orchestration_name pg_catalog.text, orchestration_version pg_catalog.text,
    current_execution_id pg_catalog.int8, created_at pg_catalog.timestamptz, updated_at pg_catalog.timestamptz,
    status pg_catalog.text, output pg_catalog.text, parent_instance_id pg_catalog.text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.instance_id, df._function_name(), '1.0.0', r.generation, i.created_at, coalesce(r.ended_at, i.updated_at, r.started_at),
           df._execution_status(r.outcome), r.output, NULL::text
    FROM _duroxide.runs r JOIN df.instances i ON i.id = r.instance_id
    WHERE r.instance_id = p_instance_id
$$;
COMMENT ON FUNCTION _duroxide.get_instance_info(pg_catalog.text) IS 'what the engine knows about one instance';
REVOKE ALL ON FUNCTION _duroxide.get_instance_info(pg_catalog.text) FROM PUBLIC;
