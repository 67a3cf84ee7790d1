-- Reading a whole envelope: from nested text to a flat list of nodes, and the rules that a graph has to keep.
--
-- df.start and df.explain both begin here. The list is in pre-order (a node, then its left, right, condition and extra subtrees), which is
-- also the order in which the rules are applied: the first one broken is raised. The walk keeps a stack of its own, so that depth costs no
-- stack of the server. Texts and order of the rules are those that users of pg_durable know.

CREATE TYPE df._graph_node AS (
    number      pg_catalog.int4,        -- from 1, in pre-order
    parent      pg_catalog.int4,        -- 0 at the root
    role        pg_catalog.text,        -- left, right, condition_node or extra_nodes[0], [1] ...: the child's segment in a path
    node_type   pg_catalog.text,
    query       pg_catalog.text,
    result_name pg_catalog.text,
    mark        pg_catalog.text         -- of a live instance: how the node stands
);
COMMENT ON TYPE df._graph_node IS 'one node of a graph that has been read';

-- The word for a child that is no node.
CREATE FUNCTION df._unknown_type(node_type pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$ SELECT format('Unknown node_type ''%s''. Valid types: %s', node_type, array_to_string(df._node_types(), ', ')) $$;

-- The rule about one node's own members that it breaks, NULL if none.
CREATE FUNCTION df._node_problem(node df._decoded) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    embedded text := CASE WHEN node.node_type = 'JOIN' THEN 'extra_nodes' ELSE 'condition_node' END;
BEGIN
    IF node.node_type <> ALL (df._node_types()) THEN
        RETURN df._unknown_type(node.node_type);
    ELSIF node.condition_node IS NOT NULL AND node.node_type NOT IN ('IF', 'LOOP') THEN
        RETURN format('condition_node is not valid for %s nodes', node.node_type);
    ELSIF node.extra_nodes IS NOT NULL AND node.node_type <> 'JOIN' THEN
        RETURN format('extra_nodes is not valid for %s nodes', node.node_type);
    ELSIF node.node_type IN ('IF', 'LOOP', 'JOIN') AND node.query IS NOT NULL
            AND df._json(node.query) -> embedded IS NOT NULL THEN
        RETURN format('%s in %s must be a first-class Durofut field, not embedded in query', embedded, node.node_type);
    END IF;
    RETURN NULL;
END
$$;

-- A condition or further branches are written into the node's config, which must therefore be a JSON object where there is one.
CREATE FUNCTION df._config_problem(node df._decoded) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    config json;
BEGIN
    IF node.query IS NULL OR (node.condition_node IS NULL AND node.extra_nodes IS NULL) THEN
        RETURN NULL;
    END IF;
    config := df._json(node.query);
    IF config IS NULL THEN
        RETURN format('query in %s must be valid JSON config: %s', node.node_type, df._json_problem(node.query));
    ELSIF json_typeof(config) <> 'object' THEN
        RETURN format('query in %s must be a JSON config object', node.node_type);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION df._refuse_graph(path pg_catalog.text, message pg_catalog.text) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'Invalid durable function graph: %: %', path, message USING ERRCODE = 'DF010';
END
$$;

CREATE FUNCTION df._read_graph(envelope pg_catalog.text) RETURNS SETOF df._graph_node
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    nodes df._decoded[] := ARRAY[df._decode(envelope)];     -- the stack: what is still to be visited
    parents int4[] := '{0}';
    roles text[] := '{root}';
    paths text[] := '{root}';
    depths int4[] := '{0}';
    top int4 := 1;
    number int4 := 0;                                       -- nodes visited
    found int4 := 1;                                        -- nodes visited or on the stack
    node df._decoded;
    path text;
    depth int4;
    children text[];
    child df._decoded;
    segment text;
    slot int4;
    problem text;
BEGIN
    WHILE top > 0 LOOP
        node := nodes[top];
        path := paths[top];
        depth := depths[top];
        number := number + 1;
        problem := CASE WHEN depth > 256
            THEN 'Graph exceeds maximum nesting depth of 256. Simplify the workflow or break it into multiple instances.'
            ELSE df._node_problem(node) END;
        IF problem IS NOT NULL THEN
            PERFORM df._refuse_graph(path, problem);
        END IF;
        RETURN NEXT (number, parents[top], roles[top], node.node_type, node.query, node.result_name, NULL)::df._graph_node;
        top := top - 1;
        CONTINUE WHEN node.left_node IS NULL AND node.right_node IS NULL
                  AND node.condition_node IS NULL AND node.extra_nodes IS NULL;

        -- The children go on the stack in reverse, so that the left one is on top.
        children := ARRAY[node.left_node, node.right_node, node.condition_node] || node.extra_nodes;
        slot := top + cardinality(array_remove(children, NULL));
        top := slot;
        FOR i IN 1..cardinality(children) LOOP
            CONTINUE WHEN children[i] IS NULL;
            found := found + 1;
            segment := CASE i WHEN 1 THEN 'left' WHEN 2 THEN 'right' WHEN 3 THEN 'condition_node'
                              ELSE format('extra_nodes[%s]', i - 4) END;
            IF found > 10000 THEN
                PERFORM df._refuse_graph(path || '.' || segment, 'Workflow exceeds maximum node count of 10000. '
                                         'Simplify the workflow or break it into multiple instances.');
            END IF;
            child := df._decode(children[i]);
            IF child.node_type IS NULL OR child.problem IS NOT NULL THEN
                PERFORM df._refuse_graph(path || '.' || segment, 'failed to deserialize Durofut child: '
                                         || coalesce(child.problem, 'invalid escape'));
            END IF;
            nodes[slot] := child;
            parents[slot] := number;
            roles[slot] := segment;
            paths[slot] := path || '.' || segment;
            depths[slot] := depth + 1;
            slot := slot - 1;
        END LOOP;
        problem := df._config_problem(node);
        IF problem IS NOT NULL THEN
            PERFORM df._refuse_graph(path, problem);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION df._read_graph(pg_catalog.text) IS 'the nodes of an envelope in pre-order; fails with DF010 when it breaks a rule';
