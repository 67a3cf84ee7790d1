-- df.instance_nodes: the nodes of an instance, each with the state that its place in the graph gives it.
--
-- The worker writes only the rows of nodes that it visits, so a row alone can mislead: the arm of an IF that was not taken stays 'pending'
-- for ever, the rows of a loop's body still show the iteration before. Two things put this right when somebody looks:
--
-- * the stamp status_details.execution_id, {scope id}::{generation}: which run of a scope wrote the row. A scope id is
--   root[::{generation of the parent}::{node}]..., so a stamp has an even number of parts, with generations at the even places. A row is
--   superseded when at any level of its lineage a higher generation of that same scope is found on some row of the instance;
-- * the nearest ancestor that has ended and is not superseded: it decides that nothing below it will run any more ('skipped').
--
-- The walk is a loop with a stack of its own, because rows made by hand may share children or form circles: each node is visited once.

-- The children that the JSON of query names: condition_node, or with 'extra_nodes' the list. Text that is not JSON names none.
CREATE FUNCTION df._named_children(p_query pg_catalog.text, p_key pg_catalog.text) RETURNS pg_catalog.text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_value jsonb;
BEGIN
    v_value := p_query::jsonb -> p_key;                     -- not where it is declared: the handler does not reach that
    IF jsonb_typeof(v_value) = 'string' THEN
        RETURN ARRAY[v_value #>> '{}'];
    ELSIF jsonb_typeof(v_value) = 'array' THEN
        RETURN ARRAY(SELECT e.value #>> '{}' FROM jsonb_array_elements(v_value) WITH ORDINALITY AS e(value, place)
                     WHERE jsonb_typeof(e.value) = 'string' ORDER BY e.place);
    END IF;
    RETURN '{}';
EXCEPTION WHEN data_exception THEN
    RETURN '{}';
END
$$;

CREATE FUNCTION df._children(p_type pg_catalog.text, p_left pg_catalog.text, p_right pg_catalog.text, p_query pg_catalog.text)
RETURNS pg_catalog.text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT array_remove(CASE upper(p_type)
        WHEN 'THEN' THEN ARRAY[p_left, p_right]
        WHEN 'RACE' THEN ARRAY[p_left, p_right]
        WHEN 'JOIN' THEN ARRAY[p_left, p_right] || df._named_children(p_query, 'extra_nodes')
        WHEN 'IF' THEN df._named_children(p_query, 'condition_node') || ARRAY[p_left, p_right]
        WHEN 'LOOP' THEN ARRAY[p_left] || df._named_children(p_query, 'condition_node')
    END, NULL)
$$;

CREATE FUNCTION df._is_stamp(p_parts pg_catalog.text[]) RETURNS pg_catalog.bool
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT cardinality(p_parts) >= 2 AND cardinality(p_parts) % 2 = 0
       AND (SELECT bool_and(CASE WHEN t.place % 2 = 0 THEN t.part ~ '^[-+]?[0-9]{1,18}$' ELSE t.part <> '' END)
            FROM unnest(p_parts) WITH ORDINALITY AS t(part, place))
$$;

-- One row per node of the instance: its place in depth-first order (nodes that cannot be reached come last), its state as inferred, and the
-- ancestor that this state comes from. STABLE: all of it is read in the snapshot of the query that calls.
CREATE FUNCTION df._infer_nodes(p_instance pg_catalog.text)
RETURNS TABLE (place pg_catalog.int4, node_id pg_catalog.text, inferred pg_catalog.text, ancestor pg_catalog.text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off       -- before the first ANALYZE the planner takes the nodes of an instance for a few,
SET jit = off                   -- and where a loop is the only way it thinks itself dear
AS $$
DECLARE
    v_ids text[];                                           -- nodes are numbered from 1; 0 stands for none
    v_statuses text[];
    v_generations int8[];
    v_superseded bool[];
    v_first int4[];                                         -- where the children of a node begin in v_children
    v_count int4[];
    v_children int4[];
    v_places int4[];
    v_inferred text[];
    v_ancestors text[];
    v_stack int4[] := '{}';                                 -- three numbers per entry: node, decider, highest generation
    v_top int4 := 0;
    v_visited int4 := 0;
    v_node int4;
    v_decider int4;
    v_highest int4;
    v_ended bool;
BEGIN
    WITH node AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY n.id)::int4 AS at, n.id, coalesce(n.status, 'pending') AS status,
               CASE WHEN jsonb_typeof(n.status_details -> 'execution_id') = 'string' THEN n.status_details ->> 'execution_id' END AS stamp,
               df._children(n.node_type, n.left_node, n.right_node, n.query) AS children
        FROM df.nodes n WHERE n.instance_id = p_instance
    ), split AS MATERIALIZED (
        SELECT d.stamp, string_to_array(d.stamp, '::') AS parts FROM (SELECT DISTINCT n.stamp FROM node n WHERE n.stamp IS NOT NULL) d
    ), stamp AS MATERIALIZED (
        SELECT s.stamp, s.parts, array_to_string(s.parts[:cardinality(s.parts) - 1], '::') AS scope,
               s.parts[cardinality(s.parts)]::int8 AS generation
        FROM split s WHERE df._is_stamp(s.parts)
    ), newest AS MATERIALIZED (
        SELECT s.scope, max(s.generation) AS generation FROM stamp s GROUP BY s.scope
    ), superseded AS MATERIALIZED (
        SELECT DISTINCT s.stamp
        FROM stamp s CROSS JOIN LATERAL generate_series(2, cardinality(s.parts), 2) AS level(at)
        JOIN newest w ON w.scope = array_to_string(s.parts[:level.at - 1], '::') AND w.generation > s.parts[level.at]::int8
    ), edge AS MATERIALIZED (
        SELECT p.at AS parent, c.at AS child, k.place
        FROM node p CROSS JOIN LATERAL unnest(p.children) WITH ORDINALITY AS k(id, place) JOIN node c ON c.id = k.id
    ), family AS (
        SELECT e.parent, count(*)::int4 AS children FROM edge e GROUP BY e.parent
    )
    SELECT array_agg(n.id ORDER BY n.at), array_agg(n.status ORDER BY n.at), array_agg(s.generation ORDER BY n.at),
           array_agg(u.stamp IS NOT NULL ORDER BY n.at), array_agg(coalesce(f.children, 0) ORDER BY n.at),
           (SELECT array_agg(e.child ORDER BY e.parent, e.place) FROM edge e),
           coalesce(max(n.at) FILTER (WHERE n.id = (SELECT i.root_node FROM df.instances i WHERE i.id = p_instance)), 0)
    INTO v_ids, v_statuses, v_generations, v_superseded, v_count, v_children, v_node
    FROM node n LEFT JOIN stamp s ON s.stamp = n.stamp LEFT JOIN superseded u ON u.stamp = n.stamp LEFT JOIN family f ON f.parent = n.at;

    v_inferred := v_statuses;                               -- what a node that the walk does not reach shows
    v_first := v_count;
    v_places := array_fill(NULL::int4, ARRAY[coalesce(cardinality(v_ids), 0)]);
    v_ancestors := array_fill(NULL::text, ARRAY[coalesce(cardinality(v_ids), 0)]);
    FOR i IN 1 .. coalesce(cardinality(v_ids), 0) LOOP
        v_first[i] := v_top + 1;
        v_top := v_top + v_count[i];
    END LOOP;

    v_top := 0;
    IF v_node > 0 THEN
        v_stack[1] := v_node; v_stack[2] := 0; v_stack[3] := 0;
        v_top := 3;
    END IF;
    WHILE v_top > 0 LOOP
        v_node := v_stack[v_top - 2]; v_decider := v_stack[v_top - 1]; v_highest := v_stack[v_top];
        v_top := v_top - 3;
        CONTINUE WHEN v_places[v_node] IS NOT NULL;
        v_visited := v_visited + 1;
        v_places[v_node] := v_visited;

        v_ended := v_statuses[v_node] IN ('completed', 'failed');
        IF v_ended AND NOT v_superseded[v_node] THEN
            v_decider := v_node;
        ELSIF v_decider > 0 THEN
            v_inferred[v_node] := 'skipped';
            v_ancestors[v_node] := v_ids[v_decider];
        ELSIF v_ended THEN
            v_inferred[v_node] := 'pending';
            IF v_highest > 0 THEN
                v_ancestors[v_node] := v_ids[v_highest];
            END IF;
        ELSIF v_statuses[v_node] <> 'running' THEN
            v_inferred[v_node] := 'pending';
        END IF;

        IF v_generations[v_node] IS NOT NULL AND (v_highest = 0 OR v_generations[v_node] >= v_generations[v_highest]) THEN
            v_highest := v_node;
        END IF;
        FOR i IN REVERSE v_first[v_node] + v_count[v_node] - 1 .. v_first[v_node] LOOP
            v_stack[v_top + 1] := v_children[i]; v_stack[v_top + 2] := v_decider; v_stack[v_top + 3] := v_highest;
            v_top := v_top + 3;
        END LOOP;
    END LOOP;

    RETURN QUERY SELECT u.place, u.id, u.inferred, u.ancestor
        FROM unnest(v_places, v_ids, v_inferred, v_ancestors) AS u(place, id, inferred, ancestor);
END
$$;

CREATE FUNCTION df.instance_nodes(instance_id_param pg_catalog.text)
RETURNS TABLE (
    node_id pg_catalog.text, node_type pg_catalog.text, query pg_catalog.text, result_name pg_catalog.text,
    left_node pg_catalog.text, right_node pg_catalog.text, status pg_catalog.text, result pg_catalog.text,
    status_details pg_catalog.text, inferred_status pg_catalog.text, inferred_status_from_ancestor_id pg_catalog.text,
    updated_at pg_catalog.timestamptz)
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT n.id, n.node_type, n.query, n.result_name, n.left_node, n.right_node, n.status, n.result::text,
           n.status_details::text, w.inferred, w.ancestor, n.updated_at
    FROM df._infer_nodes($1) w JOIN df.nodes n ON n.instance_id = $1 AND n.id = w.node_id
    ORDER BY w.place, n.id
$$;
COMMENT ON FUNCTION df.instance_nodes(pg_catalog.text) IS
    'the nodes of an instance, from the root down, with the states that they have in the whole; status_details says "delivery": "at-least-once" where a step may have run twice';

CREATE FUNCTION df.instance_nodes(instance_id_param pg_catalog.text, _last_n_executions pg_catalog.int4)
RETURNS TABLE (
    execution_id pg_catalog.int8, node_id pg_catalog.text, node_type pg_catalog.text, query pg_catalog.text,
    result_name pg_catalog.text, left_node pg_catalog.text, right_node pg_catalog.text, status pg_catalog.text,
    result pg_catalog.text, updated_at pg_catalog.timestamptz)
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT 1::int8, n.node_id, n.node_type, n.query, n.result_name, n.left_node, n.right_node, n.status, n.result, n.updated_at
    FROM df.instance_nodes($1) n
$$;
COMMENT ON FUNCTION df.instance_nodes(pg_catalog.text, pg_catalog.int4) IS 'an older form; the second argument is ignored';
