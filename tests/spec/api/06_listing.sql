-- Listing and details.

-- rule: A2.5
BEGIN;
SELECT df.start('SELECT ' || n || ' AS n', CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END) FROM generate_series(1, 7) n \g /dev/null
COMMIT;
SELECT df.start(df.loop($$INSERT INTO t.effects (what) VALUES ('x')$$, $$SELECT count(*) < 3 FROM t.effects$$), 'loop') AS looped \gset
SELECT df.start('SELECT 1/0', 'broken') AS broken \gset
SELECT df.start(df.sleep(100), 'sleeper') AS sleeper \gset
SELECT t.ends(id, 'completed', 'ends') FROM df.instances WHERE label IN ('even', 'odd', 'loop');
SELECT t.ends(:'broken', 'failed', 'ends');
SELECT t.comes(format('SELECT df.status(%L) = ''running''', :'sleeper'), 'runs');

SELECT t.is((SELECT string_agg(DISTINCT function_name, ' ') FROM df.list_instances()), 'pg_durable::orchestration::execute-function-graph', 'a constant');
SELECT t.is((SELECT count(*) FROM df.list_instances()), 10, 'all');
SELECT t.is((SELECT count(*) FROM df.list_instances('completed')), 8, 'by status');
SELECT t.is((SELECT count(*) FROM df.list_instances('Completed')), 0, 'exactly');
SELECT t.is((SELECT count(*) FROM df.list_instances(NULL, 2)), 2, 'a limit');
SELECT t.is((SELECT label FROM df.list_instances(NULL, 1)), 'sleeper', 'newest first');
SELECT t.is((SELECT row(label, status, execution_count, output)::text FROM df.list_instances('failed')), '(broken,failed,1,"SQL execution failed: error returned from database: division by zero")', 'a failure');
SELECT t.is((SELECT row(label, status, execution_count, output)::text FROM df.list_instances('running')), '(sleeper,running,1,)', 'a running one');
SELECT t.throws('SELECT * FROM df.list_instances(NULL, 0)', 'limit_count must be at least 1');
SELECT t.throws('SELECT * FROM df.list_instances(NULL, 1001)', 'df.list_instances: limit_count (1001) exceeds pg_durable.list_instances_max_limit (1000); request fewer rows, or use the paginated df.list_instances overload (after_cursor/next_cursor) for large result sets');
SELECT t.is((SELECT count(*) FROM df.list_instances(NULL, 1000)), 10, 'exactly at the limit');

-- Pages
SELECT t.is((SELECT count(*) FROM df.list_instances(NULL, 10, 'odd')), 4, 'by label');
SELECT t.is((SELECT count(*) FROM df.list_instances('failed', 10, 'odd')), 0, 'filters add up');
SELECT t.is((SELECT string_agg(DISTINCT coalesce(next_cursor, 'none'), ' ') FROM df.list_instances(NULL, 10, NULL)), 'none', 'no next page');
SELECT max(next_cursor) AS c1, count(DISTINCT next_cursor) AS n FROM df.list_instances(NULL, 4, NULL) \gset
SELECT t.is(:n, 1, 'one cursor for all rows');
SELECT t.ok(convert_from(decode(:'c1', 'hex'), 'UTF8') ~ '^v1\|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d(:\d\d)?\|[0-9a-f]{8}$', 'what it holds');
WITH RECURSIVE pages AS (
    SELECT 1 AS n, array_agg(instance_id) AS ids, max(next_cursor) AS next FROM df.list_instances(NULL, 4, NULL)
    UNION ALL
    SELECT n + 1, (SELECT array_agg(instance_id) FROM df.list_instances(NULL, 4, NULL, upper(next))), (SELECT max(next_cursor) FROM df.list_instances(NULL, 4, NULL, next)) FROM pages WHERE next IS NOT NULL
)
SELECT t.is((SELECT array_agg(id) FROM (SELECT unnest(ids) AS id FROM pages) x), (SELECT array_agg(id::text ORDER BY created_at DESC, id) FROM df.instances), 'three pages hold everything once, in order');
SELECT t.throws(format('SELECT * FROM df.list_instances(NULL, 4, NULL, %L)', c), 'df.list_instances: invalid after_cursor') FROM unnest(ARRAY['', 'x', 'zz', '7631', repeat('ab', 300), encode('v2|2031-01-01T00:00:00.000000+00|00000000', 'hex'), encode('v1||00000000', 'hex'), encode('v1|2031-01-01|00000000', 'hex')]) c;

SELECT t.is((SELECT row(instance_id, label, function_name, function_version, current_execution_id, status, output)::text FROM df.instance_info(:'broken')),
    '(' || :'broken' || ',broken,pg_durable::orchestration::execute-function-graph,1.0.0,1,failed,"SQL execution failed: error returned from database: division by zero")', 'instance_info');
SELECT t.is((SELECT count(*) FROM df.instance_info('ffffffff')), 0, 'of nobody');

-- Generations
SELECT t.is((SELECT current_execution_id FROM df.instance_info(:'looped')), 3, 'three generations');
SELECT t.is((SELECT string_agg(execution_id || ' ' || status, ', ') FROM df.instance_executions(:'looped')), '3 Completed, 2 ContinuedAsNew, 1 ContinuedAsNew', 'newest first');
SELECT t.ok((SELECT bool_and(event_count >= 1 AND duration_ms >= 0) FROM df.instance_executions(:'looped')), 'counts');
SELECT t.is((SELECT count(*) FROM df.instance_executions(:'looped', 2)), 2, 'a limit');
SELECT t.is((SELECT string_agg(execution_id || ' ' || status || ' ' || output, ', ') FROM df.instance_executions(:'broken')), '1 Failed SQL execution failed: error returned from database: division by zero', 'of a failure');
SELECT t.is((SELECT string_agg(execution_id || ' ' || status || ' ' || duration_ms, ', ') FROM df.instance_executions(:'sleeper')), '1 Running 0', 'of a running one');
SELECT t.is((SELECT count(*) FROM df.instance_executions('ffffffff', 20000)), 0, 'of nobody');
SELECT t.throws('SELECT * FROM df.instance_executions(''ffffffff'', 0)', 'limit_count must be at least 1');
SELECT t.throws('SELECT * FROM df.metrics()', 'permission denied for function metrics', '42501');

-- rule: A2.5 A5.3
-- A session cannot raise the limit, only lower it.
SET pg_durable.list_instances_max_limit = 5000;
SELECT t.throws('SELECT * FROM df.list_instances(NULL, 1001)', '%exceeds pg_durable.list_instances_max_limit (1000)%');
SET pg_durable.list_instances_max_limit = 5;
SELECT t.throws('SELECT * FROM df.list_instances(NULL, 6)', '%exceeds pg_durable.list_instances_max_limit (5)%');
RESET pg_durable.list_instances_max_limit;

-- rule: A2.6
SELECT t.is((SELECT string_agg(row(node_type, query, result_name, left_node IS NULL, right_node, status, result, inferred_status, inferred_status_from_ancestor_id)::text, ' ') FROM df.instance_nodes(:'sleeper')),
    '(SLEEP,100,,t,,running,,running,)', 'a running sleep');
SELECT t.is((SELECT status_details FROM df.instance_nodes(:'sleeper')), '{"execution_id": "' || :'sleeper' || '::1"}', 'its stamp');
SELECT t.is((SELECT string_agg(node_type, ' ') FROM df.instance_nodes(:'looped')), 'LOOP SQL SQL', 'from the root down');
SELECT t.is((SELECT count(*) FROM df.instance_nodes('ffffffff')), 0, 'of nobody');

-- rule: A2.7
SELECT t.is((SELECT string_agg(row(execution_id, node_type, status, result)::text, ' ') FROM df.instance_nodes(:'broken', 3)), '(1,SQL,failed,"""SQL execution failed: error returned from database: division by zero""")', 'the old shape');

-- rule: A2.5
\c - dfowner
SELECT t.is((SELECT row(total_instances, running_instances, completed_instances, failed_instances)::text FROM df.metrics()), '(10,1,8,1)', 'everybody''s instances');
SELECT t.ok((SELECT total_executions >= 12 AND total_events >= 12 FROM df.metrics()), 'their generations');

-- rule: A6.8 M12
SELECT t.ok((SELECT bool_and(event_type = event_data::jsonb ->> 'type' AND instance_id = event_data::jsonb ->> 'instance_id' AND execution_id = (event_data::jsonb ->> 'execution_id')::bigint) FROM _duroxide.history), 'history is JSON that agrees with its row');
SELECT t.ok(EXISTS (SELECT FROM _duroxide.history WHERE instance_id = :'broken' AND event_type = 'OrchestrationFailed'), 'a failure has its record');
SELECT t.is((SELECT row(instance_id, current_execution_id, status, parent_instance_id)::text FROM _duroxide.get_instance_info(:'looped')), '(' || :'looped' || ',3,Completed,)', 'one row per instance');
SELECT t.is((SELECT count(*) FROM _duroxide.get_instance_info('ffffffff')), 0, 'none of others');
\c - app
SELECT t.throws('SELECT * FROM _duroxide.history', 'permission denied%', '42501');
SELECT df.cancel(:'sleeper') \g /dev/null
