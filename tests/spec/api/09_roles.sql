-- Two roles, every function and table: what the owner of an instance sees, and what another role sees.

SELECT df.start(df.sleep(100) |=> 's' ~> 'SELECT 1', 'mine') AS mine \gset
SELECT df.setvar('secret', 'of app') \g /dev/null
SELECT t.comes(format('SELECT df.status(%L) = ''running''', :'mine'), 'it runs');

-- rule: A4.1 A4.3
SELECT t.is(t.list(format('SELECT df.status(%L), (SELECT count(*) FROM df.list_instances()), (SELECT count(*) FROM df.instance_info(%1$L)), (SELECT count(*) FROM df.instance_executions(%1$L)), (SELECT count(*) FROM df.instance_nodes(%1$L)), (SELECT count(*) FROM df.instance_nodes(%1$L, 1)), (SELECT count(*) FROM df.instances), (SELECT count(*) FROM df.nodes), (SELECT count(*) FROM df.vars)', :'mine')),
    '(running,1,1,1,3,3,1,3,1)', 'the owner');
\c - other
SELECT t.is(t.list(format('SELECT df.status(%L), df.result(%1$L), (SELECT count(*) FROM df.list_instances()), (SELECT count(*) FROM df.list_instances(NULL, 9, NULL)), (SELECT count(*) FROM df.instance_info(%1$L)), (SELECT count(*) FROM df.instance_executions(%1$L)), (SELECT count(*) FROM df.instance_nodes(%1$L)), (SELECT count(*) FROM df.instance_nodes(%1$L, 1)), (SELECT count(*) FROM df.instances), (SELECT count(*) FROM df.nodes), (SELECT count(*) FROM df.vars), df.getvar(''secret'')', :'mine')),
    '(,,0,0,0,0,0,0,0,0,0,)', 'another role');
SELECT t.throws(format('SELECT df.cancel(%L)', :'mine'), 'Instance not found or access denied: ' || :'mine');
SELECT t.throws(format('SELECT df.signal(%L, ''x'')', :'mine'), 'Instance not found or access denied: ' || :'mine');
SELECT t.throws(format('SELECT df.await_instance(%L)', :'mine'), 'Instance not found: ' || :'mine');
SELECT t.throws(format('SELECT df.retry_instance(%L)', :'mine'), '%' || :'mine' || '%');
SELECT t.is(df.explain(:'mine'), 'Instance ''' || :'mine' || ''' not found', 'explain');
SELECT t.is((SELECT count(*) FROM _duroxide.runs), 0, 'the engine''s rows neither');

-- rule: A4.4
-- Direct writes.
SELECT t.throws(statement, pattern, '42501') FROM (VALUES
    ('INSERT INTO df.instances (id, root_node, submitted_by) VALUES (''00000001'', ''00000001'', ''app'')', 'new row violates row-level security policy for table "instances"'),
    ('INSERT INTO df.instances (id, root_node, submitted_by, status) VALUES (''00000001'', ''00000001'', ''other'', ''completed'')', 'permission denied for table instances'),
    ('INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by) VALUES (''00000001'', ''00000001'', ''SQL'', ''x'', ''app'')', 'new row violates row-level security policy for table "nodes"'),
    ('INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by, result) VALUES (''00000001'', ''00000001'', ''SQL'', ''x'', ''other'', ''1'')', 'permission denied for table nodes'),
    ('INSERT INTO df.nodes (id, instance_id, node_type, query, submitted_by, status_details) VALUES (''00000001'', ''00000001'', ''SQL'', ''x'', ''other'', ''{}'')', 'permission denied for table nodes'),
    ('UPDATE df.instances SET submitted_by = ''app''', 'permission denied for table instances'), ('UPDATE df.instances SET label = ''x''', 'permission denied for table instances'), ('UPDATE df.instances SET root_node = ''00000001''', 'permission denied for table instances'),
    ('UPDATE df.nodes SET query = ''x''', 'permission denied for table nodes'), ('UPDATE df.nodes SET submitted_by = ''app''', 'permission denied for table nodes'),
    ('DELETE FROM df.instances', 'permission denied for table instances'), ('DELETE FROM df.nodes', 'permission denied for table nodes'), ('TRUNCATE df.instances CASCADE', 'permission denied for table instances'),
    ('INSERT INTO df.vars (name, value, owner) VALUES (''x'', ''y'', ''app'')', 'new row violates row-level security policy for table "vars"'),
    ('INSERT INTO df._settings VALUES (''dfsql.http_mode'', ''public'')', 'permission denied for table _settings'), ('INSERT INTO df._worker_epoch DEFAULT VALUES', 'permission denied for table _worker_epoch'),
    ('UPDATE _duroxide._worker_ready SET schema_version = 2', 'permission denied for table _worker_ready'),
    ('SELECT * FROM _duroxide.scopes', 'permission denied for table scopes'), ('SELECT * FROM _duroxide.bindings', 'permission denied for table bindings'), ('SELECT * FROM _duroxide.inbox', 'permission denied for table inbox'),
    ('UPDATE _duroxide.runs SET outcome = ''completed''', 'permission denied for table runs'), ('DELETE FROM _duroxide.runs', 'permission denied for table runs')) v (statement, pattern);
SELECT t.throws(format('INSERT INTO _duroxide.inbox (instance_id, kind, name, sent_by) VALUES (%L, ''cancel'', ''forged'', ''other''::regrole)', :'mine'), 'new row violates row-level security policy for table "inbox"', '42501');
SELECT t.throws(format('INSERT INTO _duroxide.runs (instance_id, submitted_by) VALUES (''0000000f'', ''app''::regrole)'), 'new row violates row-level security policy for table "runs"', '42501');
UPDATE df.instances SET status = 'completed';
UPDATE df.vars SET value = 'stolen';
DELETE FROM df.vars;
SELECT df.clearvars() \g /dev/null
SELECT t.is(df.cancel(id), 'nobody', 'nothing to cancel') FROM df.instances;
\c - app
SELECT t.is(df.status(:'mine'), 'running', 'nothing has changed');
SELECT t.is(df.getvar('secret'), 'of app', 'nothing is stolen');
-- The owner may write the status, which does not change what runs.
UPDATE df.instances SET status = 'pending' WHERE id = :'mine';
SELECT t.throws(format('UPDATE df.instances SET completed_at = now() WHERE id = %L', :'mine'), 'permission denied for table instances', '42501');

-- rule: A4.2
\c - postgres
SET ROLE other;
SELECT t.is(df.status(:'mine'), NULL, 'SET ROLE counts');
RESET ROLE;
SET SESSION AUTHORIZATION app;
SELECT t.ok(df.status(:'mine') IS NOT NULL, 'so does SET SESSION AUTHORIZATION');
SELECT df.start('SELECT 1', 'by authorization') AS auth \gset
RESET SESSION AUTHORIZATION;
SELECT t.is((SELECT submitted_by::text FROM df.instances WHERE id = :'auth'), 'app', 'and submits');
SELECT t.ok(df.status(:'mine') IS NOT NULL, 'a superuser sees everything');
SELECT t.is(df.getvar('secret'), NULL, 'but only its own variables');
SELECT df.cancel(:'mine') \g /dev/null

-- rule: A4.5 A2.10
-- Delegation: the grants are PostgreSQL's own, the helpers check nothing themselves.
CREATE ROLE boss LOGIN; CREATE ROLE clerk LOGIN; CREATE ROLE "Odd Name" LOGIN;
CREATE FUNCTION t.rights(who text) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', CASE WHEN has_schema_privilege(who, 'df', 'USAGE') THEN 'usage' END, CASE WHEN has_table_privilege(who, 'df.instances', 'SELECT') THEN 'instances' END, CASE WHEN has_column_privilege(who, 'df.instances', 'status', 'UPDATE') THEN 'status' END,
        CASE WHEN has_column_privilege(who, 'df.nodes', 'query', 'INSERT') THEN 'nodes' END, CASE WHEN has_table_privilege(who, 'df.vars', 'SELECT, INSERT, UPDATE, DELETE') THEN 'vars' END,
        CASE WHEN has_function_privilege(who, 'df.http(text,text,text,jsonb,integer)', 'EXECUTE') THEN 'http' END, CASE WHEN has_function_privilege(who, 'df.http_multipart(text,text,jsonb,jsonb,integer)', 'EXECUTE') THEN 'multipart' END,
        CASE WHEN has_function_privilege(who, 'df.metrics()', 'EXECUTE') THEN 'metrics' END, CASE WHEN has_function_privilege(who, 'df.grant_usage(text,boolean,boolean)', 'EXECUTE') THEN 'grant' END, CASE WHEN has_function_privilege(who, 'df.revoke_usage(text)', 'EXECUTE') THEN 'revoke' END)
$$;
SET client_min_messages = warning;
SELECT df.grant_usage('boss', false, true), df.grant_usage('Odd Name', true) \g /dev/null
SELECT t.is(t.rights('boss'), 'usage instances status nodes vars metrics grant revoke', 'an administrator');
SELECT t.is(t.rights('Odd Name'), 'usage instances status nodes vars http multipart', 'a role with HTTP, whose name needs quotes');
SET ROLE boss;
SELECT df.grant_usage('clerk') \g /dev/null
SELECT t.is(t.rights('clerk'), 'usage instances status nodes vars', 'an administrator grants');
SELECT t.throws($$SELECT df.grant_usage('clerk', true)$$, 'permission denied for function http%');
SELECT t.ok((SELECT total_instances >= 1 FROM df.metrics()), 'metrics do not depend on table rights');
RESET ROLE;
SET ROLE clerk;
SELECT t.throws($$SELECT df.grant_usage('other')$$, 'permission denied for function grant_usage', '42501');
SELECT df.start('SELECT 1') AS by_clerk \gset
SELECT t.ends(:'by_clerk', 'completed', 'the new role works');
RESET ROLE;
SET ROLE boss;
SELECT df.revoke_usage('clerk') \g /dev/null
SELECT t.is(t.rights('clerk'), '', 'and revokes what it granted');
SELECT df.revoke_usage('boss') \g /dev/null
RESET ROLE;
SELECT t.is(t.rights('boss'), 'usage instances status nodes vars metrics grant revoke', 'revoking from oneself is harmless');
SELECT t.throws($$SELECT df.grant_usage('PUBLIC')$$, 'role "PUBLIC" does not exist');
SELECT df.revoke_usage('boss'), df.revoke_usage('Odd Name') \g /dev/null
SELECT t.is(t.rights('boss') || t.rights('Odd Name'), '', 'revoke_usage takes everything back');
DROP ROLE boss, clerk, "Odd Name";
SELECT t.ok(true, 'and leaves nothing that would hold a role back');
