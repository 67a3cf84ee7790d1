-- The tables of schema df.

\c - dfowner

-- rule: A1.1
CREATE FUNCTION pg_temp.columns(relation regclass) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        || coalesce(' = ' || replace(pg_get_expr(d.adbin, d.adrelid), 'pg_catalog.', ''), ''), ', ' ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
$$;
CREATE FUNCTION pg_temp.constraints(relation regclass) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = relation AND contype <> 'n'
$$;
SELECT t.is(pg_temp.columns('df.instances'), $$id character varying(8) not null, label text, root_node character varying(8) not null, status text = 'pending'::text, submitted_by regrole not null, database text, created_at timestamp with time zone = now(), updated_at timestamp with time zone = now(), completed_at timestamp with time zone$$, 'columns');
SELECT t.is(pg_temp.constraints('df.instances'), 'instances_id_format_chk instances_identity_key instances_pkey instances_root_node_format_chk instances_root_node_same_instance_fkey instances_status_chk', 'constraints');
SELECT t.is((SELECT string_agg(replace(regexp_replace(indexdef, '.* USING btree ', ''), 'WHERE (label IS NOT NULL)', 'where labelled'), ' / ' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'df' AND tablename = 'instances' AND indexname LIKE 'idx%'),
    '(created_at DESC, id) / (label, created_at DESC, id) where labelled / (status, created_at DESC, id)', 'indexes');
SELECT t.is((SELECT string_agg(conname || ' ' || condeferrable || ' ' || condeferred || ' ' || confdeltype::text, ', ' ORDER BY conname) FROM pg_constraint
    WHERE connamespace = 'df'::regnamespace AND contype = 'f' AND conrelid IN ('df.instances'::regclass, 'df.nodes'::regclass)),
    'instances_root_node_same_instance_fkey true true a, nodes_instance_identity_fkey true true a, nodes_left_node_same_instance_fkey true true a, nodes_right_node_same_instance_fkey true true a',
    'foreign keys are checked at the commit');
SELECT t.ok((SELECT col_description('df.instances'::regclass, 5) IS NOT NULL AND col_description('df.nodes'::regclass, 11) IS NOT NULL), 'submitted_by is commented');

-- rule: A1.2
SELECT t.is(pg_temp.columns('df.nodes'), $$id character varying(8) not null, instance_id character varying(8) not null, node_type text not null, query text, result_name text, left_node character varying(8), right_node character varying(8), status text = 'pending'::text, result jsonb, error text, submitted_by regrole, database text, created_at timestamp with time zone = now(), updated_at timestamp with time zone = now(), status_details jsonb$$, 'columns');
SELECT t.is(pg_temp.constraints('df.nodes'), 'nodes_id_format_chk nodes_instance_id_format_chk nodes_instance_id_present_chk nodes_instance_identity_fkey nodes_left_node_format_chk nodes_left_node_same_instance_fkey nodes_node_type_chk nodes_pkey nodes_result_name_chk nodes_result_status_chk nodes_right_node_format_chk nodes_right_node_same_instance_fkey nodes_status_chk nodes_structure_chk nodes_submitted_by_present_chk', 'constraints');
SELECT t.like((SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'nodes_pkey'), 'PRIMARY KEY (instance_id, id)', 'the key');
SELECT t.is((SELECT regexp_replace(indexdef, '.* USING ', '') FROM pg_indexes WHERE indexname = 'idx_nodes_instance'), 'btree (instance_id) INCLUDE (id, node_type)', 'the index; what it includes keeps it dearer than the key');

-- rule: A1.2 A4.4
-- What the checks refuse: one good node of each type, then one mistake in it at a time.
BEGIN;
INSERT INTO df.instances (id, root_node, submitted_by) VALUES ('0000000a', '00000001', 'dfowner');
INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by) VALUES ('00000001', '0000000a', 'SQL', 'SELECT 1', 'dfowner'), ('00000002', '0000000a', 'SLEEP', '1', 'dfowner');
SELECT t.throws(format('INSERT INTO df.nodes (id, instance_id, node_type, query, result_name, left_node, right_node, status, result, submitted_by) VALUES (%L, ''0000000a'', %L, %L, %L, %L, %L, %L, %L, %L)',
    id, type, query, name, l, r, status, result, role), '%violates check constraint "' || broken || '"', '23514')
FROM (VALUES
    ('X0000003', 'SQL', 'x', NULL, NULL, NULL, 'pending', NULL, 'dfowner', 'nodes_id_format_chk'),
    ('00000003', 'DANCE', 'x', NULL, NULL, NULL, 'pending', NULL, 'dfowner', 'nodes_%_chk'),
    ('00000003', 'SQL', 'x', '1st', NULL, NULL, 'pending', NULL, 'dfowner', 'nodes_result_name_chk'),
    ('00000003', 'SQL', 'x', NULL, NULL, NULL, 'skipped', NULL, 'dfowner', 'nodes_status_chk'),
    ('00000003', 'SQL', 'x', NULL, NULL, NULL, 'cancelled', NULL, 'dfowner', 'nodes_status_chk'),
    ('00000003', 'SQL', 'x', NULL, NULL, NULL, 'running', '1', 'dfowner', 'nodes_result_status_chk'),
    ('00000003', 'SQL', NULL, NULL, NULL, NULL, 'pending', NULL, 'dfowner', 'nodes_structure_chk'),
    ('00000003', 'SQL', 'x', NULL, '00000001', NULL, 'pending', NULL, 'dfowner', 'nodes_structure_chk'),
    ('00000003', 'THEN', NULL, NULL, '00000001', NULL, 'pending', NULL, 'dfowner', 'nodes_structure_chk'),
    ('00000003', 'THEN', 'x', NULL, '00000001', '00000002', 'pending', NULL, 'dfowner', 'nodes_structure_chk'),
    ('00000003', 'IF', NULL, NULL, '00000001', '00000002', 'pending', NULL, 'dfowner', 'nodes_structure_chk'),
    ('00000003', 'LOOP', NULL, NULL, NULL, NULL, 'pending', NULL, 'dfowner', 'nodes_structure_chk'),
    ('00000003', 'LOOP', NULL, NULL, '00000001', '00000002', 'pending', NULL, 'dfowner', 'nodes_structure_chk'),
    ('00000003', 'RACE', 'x', NULL, '00000001', '00000002', 'pending', NULL, 'dfowner', 'nodes_structure_chk'),
    ('00000003', 'JOIN', NULL, NULL, '00000001', NULL, 'pending', NULL, 'dfowner', 'nodes_structure_chk'),
    ('00000003', 'THEN', NULL, NULL, 'left', '00000002', 'pending', NULL, 'dfowner', 'nodes_left_node_format_chk'),
    ('00000003', 'SQL', 'x', NULL, NULL, NULL, 'pending', NULL, NULL, 'nodes_submitted_by_present_chk')
) v (id, type, query, name, l, r, status, result, role, broken);
SELECT t.throws($$INSERT INTO df.instances (id, root_node, submitted_by) VALUES ('0000000G', '00000001', 'dfowner')$$, '%"instances_id_format_chk"', '23514');
SELECT t.throws($$INSERT INTO df.instances (id, root_node, submitted_by, status) VALUES ('0000000b', '00000001', 'dfowner', 'skipped')$$, '%"instances_status_chk"', '23514');
SELECT t.throws($$INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by) VALUES ('00000003', '0000000a', 'SQL', 'x', 'app'); SET CONSTRAINTS ALL IMMEDIATE$$, '%"nodes_instance_identity_fkey"', '23503');
SELECT t.throws($$INSERT INTO df.nodes (id, instance_id, node_type, left_node, right_node, submitted_by) VALUES ('00000003', '0000000a', 'THEN', '00000001', '0000000f', 'dfowner'); SET CONSTRAINTS ALL IMMEDIATE$$, '%"nodes_right_node_same_instance_fkey"', '23503');
SELECT t.throws($$INSERT INTO df.instances (id, root_node, submitted_by) VALUES ('0000000b', '00000001', 'dfowner'); SET CONSTRAINTS ALL IMMEDIATE$$, '%"instances_root_node_same_instance_fkey"', '23503');
ROLLBACK;

-- rule: A1.3
SELECT t.like(pg_temp.columns('df.vars'), 'name text not null, value text, owner regrole not null = %quote_ident(%CURRENT_USER%)%::regrole', 'columns');
SELECT t.is((SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'df.vars'::regclass AND contype = 'p'), 'PRIMARY KEY (owner, name)', 'the key');

-- rule: A1.4
SELECT t.like(pg_temp.columns('df._worker_epoch'), 'epoch_id uuid not null%started_at timestamp with time zone = now(), last_seen_at timestamp with time zone = now()%', 'columns');
SELECT t.is((SELECT relrowsecurity FROM pg_class WHERE oid = 'df._worker_epoch'::regclass), false, 'no row security');

-- rule: A1.5 A6.3
SELECT t.like(pg_temp.columns('_duroxide._worker_ready'), 'sentinel boolean not null = true, schema_version integer not null, initialized_at timestamp with time zone not null = now()', 'columns');
SELECT t.ok((SELECT 'only_one_sentinel' = ANY(array_agg(conname)) FROM pg_constraint WHERE conrelid = '_duroxide._worker_ready'::regclass), 'one row');
SELECT t.is(df.duroxide_schema(), '_duroxide', 'its schema');
\c - app
SELECT t.is((SELECT schema_version FROM _duroxide._worker_ready), 1, 'everybody reads it');
SELECT t.throws('SELECT * FROM df._worker_epoch', 'permission denied for table _worker_epoch', '42501');
SELECT t.throws('SELECT * FROM _duroxide.scopes', 'permission denied for table scopes', '42501');

-- rule: A1.6
SELECT t.is((SELECT string_agg(c.relname || ' ' || c.relrowsecurity || ' ' || c.relforcerowsecurity || ' ' || p.polname || ' ' || p.polcmd::text || ' ' || p.polroles::text
        || ' ' || (pg_get_expr(p.polqual, p.polrelid) = pg_get_expr(p.polwithcheck, p.polrelid)), ', ' ORDER BY 1)
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.oid IN ('df.instances'::regclass, 'df.nodes'::regclass, 'df.vars'::regclass)),
    'instances true false instances_user_isolation * {0} true, nodes true false nodes_user_isolation * {0} true, vars true false vars_user_isolation * {0} true', 'policies');
SELECT t.ok((SELECT bool_and(pg_get_expr(polqual, polrelid) LIKE '%quote_ident%CURRENT_USER%::%regrole%') FROM pg_policy WHERE polname LIKE '%_user_isolation'), 'names that need quotes');
