-- The functions of schema df: signatures, attributes, errors of the builders.

-- rule: A2.1 A2.2
CREATE TEMP TABLE catalogue (signature text, result text, strict bool, open bool);
INSERT INTO catalogue VALUES
    ('sql(query text)', 'text', true, true), ('seq(a text, b text)', 'text', true, true), ('"as"(fut text, name text)', 'text', true, true), ('sleep(seconds bigint)', 'text', true, true),
    ('wait_for_schedule(cron_expr text)', 'text', true, true), ('loop(body text, condition text DEFAULT NULL::text)', 'text', false, true), ('break(value text DEFAULT NULL::text)', 'text', false, true),
    ('if(condition text, then_branch text, else_branch text)', 'text', true, true), ('if_rows(result_name text, then_branch text, else_branch text)', 'text', true, true),
    ('"join"(a text, b text)', 'text', true, true), ('join3(a text, b text, c text)', 'text', true, true), ('race(a text, b text)', 'text', true, true),
    ('http(url text, method text DEFAULT ''POST''::text, body text DEFAULT NULL::text, headers jsonb DEFAULT NULL::jsonb, timeout_seconds integer DEFAULT 30)', 'text', false, false),
    ('http_multipart(url text, method text DEFAULT ''POST''::text, parts jsonb DEFAULT NULL::jsonb, headers jsonb DEFAULT NULL::jsonb, timeout_seconds integer DEFAULT 30)', 'text', false, false),
    ('wait_for_signal(name text, timeout_seconds integer DEFAULT NULL::integer)', 'text', false, true),
    ('start(fut text, label text DEFAULT NULL::text, database text DEFAULT NULL::text, transaction_mode text DEFAULT ''caller''::text)', 'text', false, true),
    ('signal(instance_id text, signal_name text, signal_data text DEFAULT ''{}''::text)', 'text', true, true), ('cancel(instance_id text, reason text DEFAULT ''Cancelled by user''::text)', 'text', true, true),
    ('status(instance_id text)', 'text', true, true), ('result(instance_id text)', 'text', true, true), ('run(instance_id text DEFAULT NULL::text)', 'text', false, true),
    ('await_instance(instance_id text, timeout_seconds integer DEFAULT 30)', 'text', true, true), ('wait_for_completion(instance_id text, timeout_seconds integer DEFAULT 30)', 'text', true, true),
    ('explain(input text)', 'text', true, true),
    ('list_instances(status_filter text DEFAULT NULL::text, limit_count integer DEFAULT 100)', 'TABLE(instance_id text, label text, function_name text, status text, execution_count bigint, output text)', false, true),
    ('list_instances(status_filter text, limit_count integer, label_filter text, after_cursor text DEFAULT NULL::text)', 'TABLE(instance_id text, label text, function_name text, status text, execution_count bigint, output text, created_at timestamp with time zone, completed_at timestamp with time zone, next_cursor text)', false, true),
    ('instance_info(instance_id text)', 'TABLE(instance_id text, label text, function_name text, function_version text, current_execution_id bigint, status text, output text)', true, true),
    ('instance_executions(instance_id text, limit_count integer DEFAULT 5)', 'TABLE(execution_id bigint, status text, event_count bigint, duration_ms bigint, output text)', true, true),
    ('instance_nodes(instance_id_param text)', 'TABLE(node_id text, node_type text, query text, result_name text, left_node text, right_node text, status text, result text, status_details text, inferred_status text, inferred_status_from_ancestor_id text, updated_at timestamp with time zone)', true, true),
    ('instance_nodes(instance_id_param text, _last_n_executions integer)', 'TABLE(execution_id bigint, node_id text, node_type text, query text, result_name text, left_node text, right_node text, status text, result text, updated_at timestamp with time zone)', true, true),
    ('metrics()', 'TABLE(total_instances bigint, running_instances bigint, completed_instances bigint, failed_instances bigint, total_executions bigint, total_events bigint)', true, false),
    ('setvar(name text, value text)', 'text', true, true), ('getvar(name text)', 'text', true, true), ('unsetvar(name text)', 'text', true, true), ('clearvars()', 'text', true, true),
    ('version()', 'text', true, true), ('target_database()', 'text', true, true), ('duroxide_schema()', 'text', false, true),
    ('grant_usage(p_role text, include_http boolean DEFAULT false, with_grant boolean DEFAULT false)', 'void', NULL, false), ('revoke_usage(p_role text)', 'void', NULL, false),
    ('as_op(fut text, name text)', 'text', NULL, true), ('if_then_op(condition text, then_branch text)', 'text', NULL, true), ('if_else_op(partial_if text, else_branch text)', 'text', NULL, true), ('loop_prefix_op(body text)', 'text', NULL, true);
CREATE TEMP VIEW found AS
SELECT quote_ident(p.proname) || '(' || pg_get_function_arguments(p.oid) || ')' AS signature, pg_get_function_result(p.oid) AS result, p.proisstrict AS strict,
    EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0) AS open, p.*
FROM pg_proc p WHERE p.pronamespace = 'df'::regnamespace;
SELECT t.is(t.list('SELECT c.signature, c.result FROM catalogue c LEFT JOIN found f ON replace(f.signature, ''"'', '''') = replace(c.signature, ''"'', '''') AND f.result = c.result WHERE f.oid IS NULL'), '', 'no function is missing');
SELECT t.is(t.list('SELECT c.signature, f.strict, f.open FROM catalogue c JOIN found f ON replace(f.signature, ''"'', '''') = replace(c.signature, ''"'', '''') WHERE (coalesce(c.strict, f.strict), c.open) IS DISTINCT FROM (f.strict, f.open)'), '',
    'who is strict, and which five are closed');
SELECT t.is(t.list('SELECT f.oid::regprocedure FROM found f JOIN catalogue c ON replace(f.signature, ''"'', '''') = replace(c.signature, ''"'', '''') WHERE f.prosecdef AND f.proname <> ''metrics'''), '', 'all of them run as their caller, but for the one that counts everybody''s instances');
SELECT t.is(t.list($$SELECT proname FROM found WHERE proname IN ('debug_connection', 'ensure_durofut')$$), '', 'what must not exist');
SELECT t.is((SELECT count(*) FROM found WHERE proname = 'start'), 1, 'one df.start');
SELECT t.ok(df.status(NULL) IS NULL AND df.sql(NULL) IS NULL AND df."as"('x', NULL) IS NULL AND df.cancel(NULL) IS NULL, 'strict functions');
SELECT t.throws('SELECT df.loop(NULL)', 'unboxing body argument failed');
SELECT t.throws('SELECT df.start(NULL)', 'unboxing fut argument failed');
SELECT t.throws('SELECT df.start(''SELECT 1'', transaction_mode => NULL)', 'unboxing transaction_mode argument failed');
SELECT t.throws('SELECT df.wait_for_signal(NULL)', 'unboxing name argument failed');
SELECT t.throws('SELECT df.list_instances(NULL, NULL)', 'unboxing limit_count argument failed');
\c - postgres
CREATE ROLE stranger LOGIN;
SET ROLE stranger;
SELECT t.throws('SELECT df.version()', 'permission denied for schema df', '42501');
RESET ROLE;
DROP ROLE stranger;
\c - app

-- rule: A2.2
SELECT t.throws($$SELECT df.as('SELECT 1', '')$$, 'df.as: result name cannot be empty');
SELECT t.throws($$SELECT 'SELECT 1' |=> '1st'$$, 'df.as: result name ''1st'' is not a valid identifier — must match [a-zA-Z_][a-zA-Z0-9_]*');
SELECT t.throws('SELECT df.sleep(-1)', 'Sleep duration must be non-negative');
SELECT t.throws($$SELECT df.wait_for_schedule('x')$$, 'Invalid cron expression ''x'': %');
SELECT t.throws($$SELECT df.wait_for_signal('')$$, 'Signal name cannot be empty');
SELECT t.throws($$SELECT df.wait_for_signal('x', 0)$$, 'Timeout must be positive');
SELECT t.is(df.sql('SELECT 1')::jsonb ->> 'node_type', 'SQL', 'a builder returns the text of a graph');
SELECT t.is(df.if('a', 'b', 'c')::jsonb #>> '{condition_node,query}', 'a', 'texts become SQL nodes');

-- rule: A2.3 D-operators
SELECT t.is((SELECT string_agg(o.oprname || ' ' || o.oprcode::text || ' ' || coalesce(o.oprleft::regtype::text, '') || ' ' || n.nspname, ', ' ORDER BY o.oprname COLLATE "C")
    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oprcode::text LIKE 'df.%'),
    '!> df.if_else_op text public, & df."join" text public, ?> df.if_then_op text public, @> df.loop_prefix_op - public, | df.race text public, |=> df.as_op text public, ~> df.seq text public', 'seven operators, in schema public');
SELECT t.is('a' ~> 'b' & 'c', df.join(df.seq('a', 'b'), 'c'), 'one precedence, from the left');
SELECT t.is(@> 'a' ~> 'b', df.seq(df.loop('a'), 'b'), 'prefix binds to what follows it');
SELECT t.is(('c' ?> 't')::jsonb, '{"_partial_if": true, "condition": "c", "then_branch": "t"}', 'half of a choice');
SELECT t.is('c' ?> 't' !> 'e', df.if('c', 't', 'e'), 'a whole choice');
SELECT t.is('a' |=> 'n', df.as('a', 'n'), 'a name');
SELECT t.throws($$SELECT 'SELECT 1' !> 'e'$$, '%', '22P02');
SELECT t.throws($$SELECT '{"a":1}' !> 'e'$$, 'Invalid if-then-else: left side of !> must be a ?> expression', 'P0001');

-- rule: A2.10
SELECT t.ok(df.version() ~ '^\d+\.\d+\.\d+\S* \(built \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)$', 'version: ' || df.version());
SELECT t.is(df.duroxide_schema(), '_duroxide', 'the engine''s schema');
