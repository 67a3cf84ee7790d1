-- Schema df and the tables that users see.
--
-- A workflow that was started is one row in df.instances and one row in df.nodes for every step and every operator of its graph. The
-- root of the graph is named by instances.root_node, children by left_node and right_node; what does not fit there (the condition of IF
-- and LOOP, the third and further branches of JOIN) is named in the JSON of nodes.query. Foreign keys in both directions are deferred, so
-- the rows of one instance may be written in any order within a transaction. Every key of a node begins with its instance: a node can
-- refer to nodes of its own instance only, and the key (instance_id, submitted_by) forces the owner of the instance upon its nodes.
--
-- Row security shows each role its own rows, by the OID of its effective role. It is not forced: the owner of the tables, as whom the
-- worker logs in, sees all. Tables whose name begins with _ are internal. The worker updates the status of nodes all the time and no
-- index holds those columns, so pages are left a part empty for updates that stay on their page (HOT).

-- Fails when df exists: a schema made by somebody else may hold functions of theirs, under the names that others will call.
CREATE SCHEMA df;
COMMENT ON SCHEMA df IS 'durable SQL workflows (dfsql)';

CREATE TABLE df._installation (
    one_row          pg_catalog.bool PRIMARY KEY DEFAULT true CHECK (one_row),
    installation_id  pg_catalog.uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),   -- new with every installation: workers compare it
    schema_version   pg_catalog.int4 NOT NULL,
    product_version  pg_catalog.text NOT NULL,
    operators_schema pg_catalog.text NOT NULL,
    installed_at     pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE df._installation IS 'the one row that says which version of dfsql is installed here';
INSERT INTO df._installation (schema_version, product_version, operators_schema)
VALUES (1, '0.1.0', '@operators_schema@');
GRANT SELECT ON df._installation TO PUBLIC;

CREATE FUNCTION df.duroxide_schema() RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT '_duroxide'::text $$;
COMMENT ON FUNCTION df.duroxide_schema() IS 'the schema of the engine''s own relations';

-- PostgreSQL parses and prepares every CHECK of a table anew for every statement that writes it, and the worker writes with every step.
-- A call is short to parse; what these PL/pgSQL functions say is parsed once a session. Constants of a condition cost most.

CREATE FUNCTION df._is_id(p_text pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$   -- ^[0-9a-f]{8}$, without the regular expression: that is built anew for every match
BEGIN
    RETURN pg_catalog.octet_length(p_text) OPERATOR(pg_catalog.=) 8
        AND pg_catalog.ltrim(p_text, '0123456789abcdef') OPERATOR(pg_catalog.=) '';
END
$$;

CREATE FUNCTION df._is_name(p_text pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN RETURN p_text OPERATOR(pg_catalog.~) '^[A-Za-z_][A-Za-z0-9_]*$'; END $$;

CREATE FUNCTION df._is_instance_status(p_text pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN RETURN p_text OPERATOR(pg_catalog.=) ANY ('{pending,running,completed,failed,cancelled}'::pg_catalog.text[]); END $$;

CREATE FUNCTION df._is_node_status(p_text pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN RETURN p_text OPERATOR(pg_catalog.=) ANY ('{pending,running,completed,failed}'::pg_catalog.text[]); END $$;

CREATE FUNCTION df._may_have_result(p_status pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$ BEGIN RETURN p_status OPERATOR(pg_catalog.=) ANY ('{completed,failed}'::pg_catalog.text[]); END $$;

CREATE FUNCTION df._is_node_type(p_text pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN p_text OPERATOR(pg_catalog.=) ANY (
        '{SQL,THEN,IF,JOIN,LOOP,BREAK,RACE,SLEEP,WAIT_SCHEDULE,HTTP,HTTP_MULTIPART,SIGNAL}'::pg_catalog.text[]);
END
$$;

-- Which of left_node, right_node and query a type uses. A type that is not listed gives false, so a new one must be added here.
CREATE FUNCTION df._is_node_shape(p_type pg_catalog.text, p_left pg_catalog.text, p_right pg_catalog.text, p_query pg_catalog.text)
RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN CASE
        WHEN p_type OPERATOR(pg_catalog.=) ANY (
                '{SQL,SLEEP,WAIT_SCHEDULE,BREAK,HTTP,HTTP_MULTIPART,SIGNAL}'::pg_catalog.text[])
            THEN p_left IS NULL AND p_right IS NULL AND p_query IS NOT NULL
        WHEN p_type OPERATOR(pg_catalog.=) ANY ('{THEN,RACE}'::pg_catalog.text[])
            THEN p_left IS NOT NULL AND p_right IS NOT NULL AND p_query IS NULL
        WHEN p_type OPERATOR(pg_catalog.=) 'IF'
            THEN p_left IS NOT NULL AND p_right IS NOT NULL AND p_query IS NOT NULL
        WHEN p_type OPERATOR(pg_catalog.=) 'LOOP' THEN p_left IS NOT NULL AND p_right IS NULL
        WHEN p_type OPERATOR(pg_catalog.=) 'JOIN' THEN p_left IS NOT NULL AND p_right IS NOT NULL
        ELSE false
    END;
END
$$;

CREATE TABLE df.instances (
    id           pg_catalog.varchar(8) PRIMARY KEY,
    label        pg_catalog.text,
    root_node    pg_catalog.varchar(8) NOT NULL,
    status       pg_catalog.text DEFAULT 'pending',
    submitted_by pg_catalog.regrole NOT NULL,
    database     pg_catalog.text,
    created_at   pg_catalog.timestamptz DEFAULT pg_catalog.now(),
    updated_at   pg_catalog.timestamptz DEFAULT pg_catalog.now(),
    completed_at pg_catalog.timestamptz,
    CONSTRAINT instances_id_format_chk CHECK (df._is_id(id)),
    CONSTRAINT instances_root_node_format_chk CHECK (df._is_id(root_node)),
    CONSTRAINT instances_status_chk CHECK (df._is_instance_status(status)),
    CONSTRAINT instances_identity_key UNIQUE (id, submitted_by)
) WITH (fillfactor = 60);
COMMENT ON TABLE df.instances IS 'one row per started workflow';
COMMENT ON COLUMN df.instances.status IS
    'pending, running, completed, failed or cancelled; the last three never change again';
COMMENT ON COLUMN df.instances.submitted_by IS
    'effective role (current_user) at the time of df.start: the SQL of the instance runs as this role';
COMMENT ON COLUMN df.instances.database IS 'where the SQL steps run; NULL is this database';
COMMENT ON COLUMN df.instances.updated_at IS
    'time of the last change of status; its owner may write it, so nothing may rely on it';
COMMENT ON COLUMN df.instances.completed_at IS 'set when the instance completes; stays NULL when it fails or is cancelled';

CREATE INDEX idx_instances_status ON df.instances (status, created_at DESC, id);
CREATE INDEX idx_instances_created_at ON df.instances (created_at DESC, id);
CREATE INDEX idx_instances_label ON df.instances (label, created_at DESC, id) WHERE label IS NOT NULL;

CREATE TABLE df.nodes (
    id             pg_catalog.varchar(8) NOT NULL,
    instance_id    pg_catalog.varchar(8) NOT NULL,
    node_type      pg_catalog.text NOT NULL,
    query          pg_catalog.text,
    result_name    pg_catalog.text,
    left_node      pg_catalog.varchar(8),
    right_node     pg_catalog.varchar(8),
    status         pg_catalog.text DEFAULT 'pending',
    result         pg_catalog.jsonb,
    error          pg_catalog.text,
    submitted_by   pg_catalog.regrole,
    database       pg_catalog.text,
    created_at     pg_catalog.timestamptz DEFAULT pg_catalog.now(),
    updated_at     pg_catalog.timestamptz DEFAULT pg_catalog.now(),
    status_details pg_catalog.jsonb,
    CONSTRAINT nodes_instance_id_present_chk CHECK (instance_id IS NOT NULL),
    CONSTRAINT nodes_submitted_by_present_chk CHECK (submitted_by IS NOT NULL),
    CONSTRAINT nodes_id_format_chk CHECK (df._is_id(id)),
    CONSTRAINT nodes_instance_id_format_chk CHECK (df._is_id(instance_id)),
    CONSTRAINT nodes_left_node_format_chk CHECK (df._is_id(left_node)),
    CONSTRAINT nodes_right_node_format_chk CHECK (df._is_id(right_node)),
    CONSTRAINT nodes_node_type_chk CHECK (df._is_node_type(node_type)),
    CONSTRAINT nodes_result_name_chk CHECK (df._is_name(result_name)),
    CONSTRAINT nodes_status_chk CHECK (df._is_node_status(status)),
    CONSTRAINT nodes_result_status_chk CHECK (result IS NULL OR df._may_have_result(status)),
    CONSTRAINT nodes_structure_chk CHECK (df._is_node_shape(node_type, left_node, right_node, query)),
    CONSTRAINT nodes_instance_identity_fkey FOREIGN KEY (instance_id, submitted_by)
        REFERENCES df.instances (id, submitted_by) DEFERRABLE INITIALLY DEFERRED
) WITH (fillfactor = 35);
COMMENT ON TABLE df.nodes IS 'one row per step and operator of a started workflow';
COMMENT ON COLUMN df.nodes.query IS
    'the SQL of a step, the seconds of a SLEEP, else a JSON object; condition_node and extra_nodes in it name further children';
COMMENT ON COLUMN df.nodes.error IS 'of a failed node: the text that result holds as a JSON string';
COMMENT ON COLUMN df.nodes.submitted_by IS
    'effective role (current_user) at the time of df.start: the SQL of the instance runs as this role';
COMMENT ON COLUMN df.nodes.status_details IS
    'written by the worker: {"execution_id": "<scope id>::<generation>"}, which run of the node status and result belong to';

-- This index must never be cheaper than the key, or else every look-up of one node, and every check of a foreign key, reads all nodes of the
-- instance while the table is small or not yet analysed. So it holds more, and the key comes after it: of equals the planner takes the younger.
CREATE INDEX idx_nodes_instance ON df.nodes (instance_id) INCLUDE (id, node_type);
ALTER TABLE df.nodes
    ADD CONSTRAINT nodes_pkey PRIMARY KEY (instance_id, id);
ALTER TABLE df.nodes
    ADD CONSTRAINT nodes_left_node_same_instance_fkey FOREIGN KEY (instance_id, left_node)
        REFERENCES df.nodes (instance_id, id) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT nodes_right_node_same_instance_fkey FOREIGN KEY (instance_id, right_node)
        REFERENCES df.nodes (instance_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE df.instances ADD CONSTRAINT instances_root_node_same_instance_fkey
    FOREIGN KEY (id, root_node) REFERENCES df.nodes (instance_id, id) DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE df.vars (
    name  pg_catalog.text NOT NULL,
    value pg_catalog.text,
    owner pg_catalog.regrole NOT NULL DEFAULT pg_catalog.quote_ident(current_user)::pg_catalog.regrole,
    PRIMARY KEY (owner, name)
);
COMMENT ON TABLE df.vars IS 'variables for {name} in the texts of steps; df.start copies those of its caller into the instance';

CREATE TABLE df._worker_epoch (
    epoch_id     pg_catalog.uuid PRIMARY KEY,
    started_at   pg_catalog.timestamptz DEFAULT pg_catalog.now(),
    last_seen_at pg_catalog.timestamptz DEFAULT pg_catalog.now()
) WITH (fillfactor = 50);
COMMENT ON TABLE df._worker_epoch IS 'one row per worker; none seen for 15 seconds means that nothing runs';

-- The name of a role is quoted before it becomes an OID: the bare cast folds case and fails on names that need quotes.

ALTER TABLE df.instances ENABLE ROW LEVEL SECURITY;
CREATE POLICY instances_user_isolation ON df.instances
    USING (submitted_by OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole)
    WITH CHECK (submitted_by OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole);

ALTER TABLE df.nodes ENABLE ROW LEVEL SECURITY;
CREATE POLICY nodes_user_isolation ON df.nodes
    USING (submitted_by OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole)
    WITH CHECK (submitted_by OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole);

ALTER TABLE df.vars ENABLE ROW LEVEL SECURITY;
CREATE POLICY vars_user_isolation ON df.vars
    USING (owner OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole)
    WITH CHECK (owner OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole);
