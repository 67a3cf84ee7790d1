-- df.start: from an envelope to an instance that a worker will run.
--
-- Everything happens in the caller's transaction and with the caller's rights: one row in df.instances, one per node in df.nodes, and one in
-- _duroxide.runs, whose trigger queues the instance and wakes the workers at commit. Row security lets a role write its own rows only.
-- Nothing is written before all checks have passed.

-- The envelope of df.start's argument. Stricter than an operand: a node type that does not exist is an error here.
CREATE FUNCTION df._submitted(fut pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    node df._decoded;
    reason text;
BEGIN
    IF left(fut, 1) <> '{' AND left(ltrim(fut, E' \t\r\n'), 1) <> '{' THEN
        reason := df._helper_just_called();
        reason := reason || ' cannot be used as a workflow step. Call ' || reason || ' before df.start().';
    ELSE
        node := df._decode(fut);
        IF node.node_type <> ALL (df._node_types()) THEN
            reason := df._unknown_type(node.node_type);
        ELSIF node.node_type IS NOT NULL AND node.problem IS NOT NULL THEN
            reason := format('Malformed Durofut JSON with node_type ''%s'': %s', node.node_type, node.problem);
        END IF;
    END IF;
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION 'Invalid durable function: %', reason USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN CASE WHEN node.node_type IS NULL THEN df.sql(fut) ELSE fut END;
END
$$;

-- Whether the caller may submit to that database at all.
CREATE FUNCTION df._check_submitter(database pg_catalog.text) RETURNS pg_catalog.void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    submitter pg_roles;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_database d WHERE d.datname = database) AND database IS NOT NULL THEN
        RAISE EXCEPTION 'database "%" does not exist', database USING ERRCODE = 'invalid_catalog_name';
    END IF;
    SELECT * INTO submitter FROM pg_roles r WHERE r.rolname = current_user;
    IF NOT submitter.rolcanlogin THEN
        RAISE EXCEPTION 'current_user "%" does not have LOGIN privilege. The background worker must connect as this role to execute SQL. Grant LOGIN to this role or call df.start() as a role with LOGIN.',
            current_user USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF submitter.rolsuper AND df._setting('pg_durable.enable_superuser_instances') <> 'on' THEN
        RAISE EXCEPTION 'pg_durable: superuser instances are disabled. current_user "%" is a superuser, but pg_durable.enable_superuser_instances is off. Set pg_durable.enable_superuser_instances = on to allow this.',
            current_user USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

-- A random id: 32 bits as 8 hexadecimal digits.
CREATE FUNCTION df._random_id() RETURNS pg_catalog.text
LANGUAGE sql
RETURN pg_catalog.right(pg_catalog.gen_random_uuid()::pg_catalog.text, 8);

-- So many different ids.
CREATE FUNCTION df._node_ids(count pg_catalog.int4) RETURNS pg_catalog.text[]
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    ids text[];
BEGIN
    FOR attempt IN 1..10 LOOP
        ids := ARRAY(SELECT DISTINCT known.id
                     FROM (SELECT unnest(ids) UNION ALL
                           SELECT df._random_id() FROM generate_series(1, count - coalesce(cardinality(ids), 0))) AS known (id));
        IF cardinality(ids) = count THEN
            RETURN ids;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'exhausted 10 attempts to generate a graph-unique node ID';
END
$$;

-- A node's config with the ids of its condition or of its further branches as the last member.
CREATE FUNCTION df._config_with(query pg_catalog.text, condition_id pg_catalog.text, extra_ids pg_catalog.text[]) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    members text := nullif(regexp_replace(df._compact(query), '^\{(.*)\}$', '\1'), '');
BEGIN
    RETURN '{' || concat_ws(',', members, '"condition_node":' || to_json(condition_id),
                                 '"extra_nodes":' || replace(to_json(extra_ids)::text, ' ', '')) || '}';
END
$$;

-- The row in df.instances, under an id that no other instance has; returns the id.
CREATE FUNCTION df._insert_instance(label pg_catalog.text, root_node pg_catalog.text, database pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    candidate text;
BEGIN
    FOR attempt IN 1..10 LOOP
        candidate := df._random_id();
        INSERT INTO df.instances (id, label, root_node, submitted_by, database)
        VALUES (candidate, _insert_instance.label, _insert_instance.root_node, quote_ident(current_user)::regrole,
                _insert_instance.database)
        ON CONFLICT (id) DO NOTHING;                        -- sees rows of other roles too, and then inserts none
        IF FOUND THEN
            RETURN candidate;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'Failed to create instance: exhausted 10 attempts to generate a collision-free ID';
END
$$;

CREATE FUNCTION df._insert_nodes(instance pg_catalog.text, nodes df._graph_node[], ids pg_catalog.text[], database pg_catalog.text)
RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off       -- the planner takes every array for a short one
AS $$
BEGIN
    WITH node AS MATERIALIZED (
        SELECT n.* FROM unnest(nodes, ids) AS n (number, parent, role, node_type, query, result_name, mark, id)
    ), below AS MATERIALIZED (
        SELECT n.parent,
               max(n.id) FILTER (WHERE n.role = 'left') AS left_node,
               max(n.id) FILTER (WHERE n.role = 'right') AS right_node,
               max(n.id) FILTER (WHERE n.role = 'condition_node') AS condition_id,
               array_agg(n.id ORDER BY n.number) FILTER (WHERE starts_with(n.role, 'extra_nodes')) AS extra_ids
        FROM node n GROUP BY n.parent
    )
    INSERT INTO df.nodes (id, instance_id, node_type, query, result_name, left_node, right_node, submitted_by, database)
    SELECT n.id, instance, n.node_type,
           CASE WHEN b.condition_id IS NULL AND b.extra_ids IS NULL THEN n.query
                ELSE df._config_with(n.query, b.condition_id, b.extra_ids) END,
           n.result_name, b.left_node, b.right_node, quote_ident(current_user)::regrole, _insert_nodes.database
    FROM node n LEFT JOIN below b ON b.parent = n.number
    ORDER BY n.number;
END
$$;

-- Whether a worker has prepared this installation. It makes the relation itself, and an administrator may lower the version to stop starts.
CREATE FUNCTION df._worker_is_ready() RETURNS pg_catalog.bool
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('_duroxide._worker_ready') IS NULL THEN
        RETURN false;
    END IF;
    RETURN EXISTS (SELECT FROM _duroxide._worker_ready r WHERE r.schema_version >= 1);
END
$$;

-- Hands the instance to the workers, with a copy of the caller's variables.
CREATE FUNCTION df._hand_over(instance pg_catalog.text) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    submitter regrole := quote_ident(current_user)::regrole;
BEGIN
    IF NOT df._worker_is_ready() THEN
        RAISE EXCEPTION 'failed to start durable function: pg_durable background worker not yet initialized — try again in a moment'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run a worker for this database: dfsql worker.';
    END IF;
    INSERT INTO _duroxide.runs (instance_id, submitted_by, vars)
    SELECT instance, submitter::oid, coalesce(json_object_agg(v.name, v.value), '{}')
    FROM df.vars v WHERE v.owner = submitter AND v.value IS NOT NULL;
END
$$;

CREATE FUNCTION df.start(fut pg_catalog.text, label pg_catalog.text DEFAULT NULL, database pg_catalog.text DEFAULT NULL,
                         transaction_mode pg_catalog.text DEFAULT 'caller') RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    envelope text;
    nodes df._graph_node[];
    ids text[];
    instance text;
BEGIN
    IF fut IS NULL OR transaction_mode IS NULL THEN
        RAISE EXCEPTION 'unboxing % argument failed', CASE WHEN fut IS NULL THEN 'fut' ELSE 'transaction_mode' END
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    CASE lower(transaction_mode COLLATE "C")
    WHEN 'caller' THEN NULL;
    WHEN 'new' THEN RETURN df._start_new(fut, start.label, start.database);
    ELSE
        RAISE EXCEPTION 'invalid transaction_mode "%" for df.start(): expected ''caller'' or ''new''', transaction_mode
            USING ERRCODE = 'invalid_parameter_value';
    END CASE;

    envelope := df._submitted(fut);
    PERFORM df._check_submitter(start.database);
    nodes := ARRAY(SELECT g FROM df._read_graph(envelope) AS g);
    ids := df._node_ids(cardinality(nodes));
    instance := df._insert_instance(start.label, ids[1], start.database);
    PERFORM df._insert_nodes(instance, nodes, ids, start.database);
    PERFORM df._hand_over(instance);
    RETURN instance;
END
$$;
COMMENT ON FUNCTION df.start(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text) IS
    'starts a workflow when the transaction commits, or at once with transaction_mode ''new''; returns the id of the instance';
