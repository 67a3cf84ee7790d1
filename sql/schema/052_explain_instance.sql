-- df.explain of an instance: a header and the tree, with a mark for the state of each node.
--
-- The states are those of df.instance_nodes. That function gives the nodes in depth-first order, parents first, so a node's number is its
-- place there, and its parent the first node above it that names it. Row security applies: what the caller may not see is not found.

-- ✓ has ended well, ✗ has failed, ⏳ runs, ○ waits, ⊘ will not run any more.
CREATE FUNCTION df._status_mark(status pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN CASE status WHEN 'completed' THEN '✓' WHEN 'failed' THEN '✗' WHEN 'running' THEN '⏳' WHEN 'pending' THEN '○'
                       WHEN 'skipped' THEN '⊘' END;
END
$$;

CREATE FUNCTION df._instance_graph(instance pg_catalog.text) RETURNS SETOF df._graph_node
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY WITH node AS MATERIALIZED (
        SELECT n.*, n.number::int4 AS at
        FROM df.instance_nodes(instance) WITH ORDINALITY AS n (id, node_type, query, result_name, left_node, right_node, status, result,
                                                               status_details, inferred, ancestor, updated_at, number)
    ), link AS MATERIALIZED (
        SELECT at, left_node AS child, 'left' AS role FROM node
        UNION ALL SELECT at, right_node, 'right' FROM node
        UNION ALL SELECT at, unnest(df._named_children(query, 'condition_node')), 'condition_node' FROM node
                  WHERE node_type IN ('IF', 'LOOP')
        UNION ALL SELECT at, unnest(df._named_children(query, 'extra_nodes')), 'extra_nodes' FROM node WHERE node_type = 'JOIN'
    ), place AS MATERIALIZED (
        SELECT DISTINCT ON (c.at) c.at, l.at AS parent, l.role
        FROM link l JOIN node c ON c.id = l.child AND l.at < c.at ORDER BY c.at, l.at
    )
    SELECT n.at, coalesce(p.parent, 0), coalesce(p.role, 'root'), n.node_type, n.query, n.result_name, df._status_mark(n.inferred)
    FROM node n LEFT JOIN place p ON p.at = n.at ORDER BY n.at;
END
$$;

-- The lines above the tree. The engine's word for the state, once it has picked the instance up.
CREATE FUNCTION df._instance_header(instance df.instances) RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    outcome text;
    output text;
    status text := instance.status;
BEGIN
    SELECT r.outcome, r.output INTO outcome, output FROM _duroxide.runs r WHERE r.instance_id = instance.id;
    IF FOUND THEN
        status := CASE coalesce(outcome, status) WHEN 'completed' THEN 'Completed' WHEN 'failed' THEN 'Failed'
                       WHEN 'cancelled' THEN 'Canceled' WHEN 'running' THEN 'Running' ELSE status END;
    END IF;
    RETURN format(E'Instance: %s%s\nStatus:   %s %s%s', instance.id, ' (' || instance.label || ')',
                  df._status_mark(CASE lower(status) WHEN 'canceled' THEN 'failed' WHEN 'cancelled' THEN 'failed' ELSE lower(status) END),
                  status, E'\nOutput:   ' || df._cut(output, 60, 57));
END
$$;

CREATE FUNCTION df._explain_instance(instance_id pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    instance df.instances;
    nodes df._graph_node[];
BEGIN
    SELECT * INTO instance FROM df.instances i WHERE i.id = _explain_instance.instance_id;
    IF NOT FOUND THEN
        RETURN format('Instance ''%s'' not found', instance_id);
    END IF;
    nodes := ARRAY(SELECT g FROM df._instance_graph(instance_id) AS g);
    IF cardinality(nodes) = 0 THEN
        RETURN format('No nodes found for instance ''%s''', instance_id);
    END IF;
    RETURN df._instance_header(instance) || E'\n\n' || df._tree_text(nodes);
END
$$;
