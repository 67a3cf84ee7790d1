-- The life of an instance: rows at the start, transactions, the one time its graph is read, admission, status and result, cancel.

-- rule: R1.1 R1.2 M10 A3.5
BEGIN;
SELECT df.start($$INSERT INTO t.effects (what) VALUES ('late commit')$$, 'late') AS late \gset
SELECT t.is(df.status(:'late'), 'pending', 'pending at first');
SELECT t.is((SELECT row(i.completed_at, i.root_node = n.id, n.status, n.result, n.error)::text
             FROM df.instances i JOIN df.nodes n ON n.instance_id = i.id WHERE i.id = :'late'),
            '(,t,pending,,)', 'one pending node, nothing completed');
SELECT t.is(df.result(:'late'), NULL, 'no result yet');
SELECT pg_sleep(0.6);
SELECT t.is(df.status(:'late'), 'pending', 'nobody runs what is not committed');
COMMIT;
BEGIN;
SELECT df.start($$INSERT INTO t.effects (what) VALUES ('rolled back')$$, 'never') AS never \gset
SAVEPOINT here;
ROLLBACK;
BEGIN;
SELECT df.start('SELECT 1', 'kept') AS kept \gset
SAVEPOINT here;
SELECT df.start($$INSERT INTO t.effects (what) VALUES ('rolled back')$$, 'never') AS never2 \gset
ROLLBACK TO here;
COMMIT;
SELECT t.ends(:'late', 'completed', 'a start that commits late');
SELECT t.ends(:'kept', 'completed', 'a start beside a savepoint');
SELECT t.is((SELECT count(*) FROM t.effects WHERE what = 'late commit'), 1, 'it ran once');
SELECT t.is((SELECT count(*) FROM df.instances WHERE label = 'never'), 0, 'a rolled-back start leaves no instance');
SELECT t.is((SELECT count(*) FROM df.nodes WHERE instance_id IN (:'never', :'never2')), 0, 'and no node');
SELECT t.is((SELECT count(*) FROM t.effects WHERE what = 'rolled back'), 0, 'and never runs');

-- What follows waits, so all of it is started first.
SELECT df.start(df.loop($$INSERT INTO t.effects (what) VALUES ('first text')$$)) AS frozen \gset
SELECT df.start(df.sleep(300)) AS sleeper \gset
SELECT df.start('SELECT 1/0' ~> 'SELECT 2') AS broken \gset
SELECT df.start('SELECT 3 AS n') AS three \gset
SELECT df.start(df.loop('SELECT 1' ~> df.break('7'))) AS seven \gset
SELECT df.start($$SELECT E'a' || chr(1) || 'b' AS c$$ ~> 'SELECT 1 AS n') AS control \gset
SELECT df.start($$SELECT '{"a":"\u0000"}'::json AS j$$ ~> 'SELECT 1 AS n') AS nul \gset
SELECT df.start($$SELECT df.start('SELECT pg_sleep(1)', 'child') AS id$$ |=> 'c' ~> df.sleep(300), 'parent') AS parent \gset
SELECT df.start(df.loop('SELECT pg_sleep(0)', $$SELECT nextval('t.effects_id_seq') < 0$$)) AS once \gset
SELECT df.start(df.loop($$INSERT INTO t.effects (what) VALUES ('turn')$$ ~>
    df.if($$SELECT count(*) >= 4 FROM t.effects WHERE what = 'turn'$$, df.break('"four"'), 'SELECT 0'))) AS four \gset

-- rule: R1.5 M1
SELECT t.comes($$SELECT EXISTS (SELECT FROM t.effects WHERE what = 'first text')$$, 'the loop turns');
SELECT t.is(df.status(:'frozen'), 'running', 'whoever sees an effect sees running');
SELECT t.is((SELECT status FROM df.list_instances() WHERE instance_id = :'frozen'), 'running', 'list_instances agrees');
SELECT t.is((SELECT status FROM df.instance_info(:'frozen')), 'running', 'instance_info agrees');
SELECT t.ok((SELECT completed_at IS NULL AND updated_at > now() - interval '20 s' FROM df.instances WHERE id = :'frozen'), 'R1.5 row');

-- rule: R1.3 A4.4
\c - dfowner
UPDATE df.nodes SET query = $$INSERT INTO t.effects (what) VALUES ('second text')$$ WHERE instance_id = :'frozen' AND node_type = 'SQL';
\c - app
SELECT t.comes($$SELECT count(*) > 4 FROM t.effects WHERE what = 'first text'$$, 'later iterations run the text of the start');
SELECT t.is((SELECT count(*) FROM t.effects WHERE what = 'second text'), 0, 'an edited node changes nothing');
SELECT df.cancel(:'frozen') AS ignored \gset

-- rule: R1.6 R1.8 R1.13 R1.14 R1.15 D-completed-at
SELECT t.ends(:'broken', 'failed', 'a failed step');
SELECT t.is((SELECT completed_at::text FROM df.instances WHERE id = :'broken'), NULL, 'failed has no completed_at');
SELECT t.is(df.result(:'broken'), NULL, 'failed has no result');
SELECT t.ends(:'three', 'completed', 'a good step');
SELECT t.ok((SELECT completed_at >= created_at AND updated_at >= created_at FROM df.instances WHERE id = :'three'), 'completed_at is set');
SELECT t.is(df.result(:'three'), '{"rows": [{"n": 3}], "row_count": 1}', 'df.result prints jsonb');
SELECT t.is((t.node(:'three', 'SQL')).status, 'completed', 'completed means that the root row is final');
SELECT t.is(t.output(:'three'), '{"rows":[{"n":3}],"row_count":1}', 'output is the exact text');
SELECT t.is(t.output(:'broken'), 'SQL execution failed: error returned from database: division by zero', 'output of a failure');
SELECT t.is(df.status('ffffffff'), NULL, 'unknown id');
SELECT t.is(df.result('ffffffff'), NULL, 'result of an unknown id');
SELECT t.ends(:'four', 'completed', 'a root loop that breaks');
SELECT t.is((SELECT row(current_execution_id, status, output)::text FROM df.instance_info(:'four')), '(4,completed,"""four""")',
            'the generation of a root loop that broke in iteration 4');

-- rule: R1.9 A6.5 D-error-column M3
SELECT t.is((SELECT string_agg(row(type, status, result)::text, ' ' ORDER BY ord) FROM t.nodes(:'broken')),
    '(THEN,failed,"""SQL execution failed: error returned from database: division by zero""") '
    '(SQL,failed,"""SQL execution failed: error returned from database: division by zero""") (SQL,pending,)',
    'failure text is in result; what was not reached is pending');
SELECT t.is((SELECT string_agg(coalesce(error, '-'), ' | ' ORDER BY ord) FROM t.nodes(:'broken')),
    'SQL execution failed: error returned from database: division by zero | '
    'SQL execution failed: error returned from database: division by zero | -', 'df.nodes.error holds the same text');
SELECT t.is((t.node(:'broken', 'SQL', 1)).stamp, :'broken' || '::1', 'the stamp of a visited node');
SELECT t.is((t.node(:'broken', 'SQL', 2)).stamp, NULL, 'an unvisited node has none');

-- rule: R1.10
SELECT t.ends(:'seven', 'completed', 'a loop that breaks');
SELECT t.is((SELECT string_agg(row(type, status, result)::text, ' ' ORDER BY ord) FROM t.nodes(:'seven')),
    '(LOOP,completed,7) (THEN,completed,7) (SQL,completed,"{""rows"": [{""?column?"": 1}], ""row_count"": 1}") (BREAK,completed,7)',
    'BREAK, THEN and LOOP are completed with the value');

-- rule: R1.11
-- The step's result and its row are one commit here, so a result that jsonb refuses fails the step instead of losing its row.
SELECT t.ends(:'control', 'completed', 'a control character is storable');
SELECT t.ends(:'nul', 'failed', 'U+0000 is not');
SELECT t.like((t.node(:'nul', 'SQL')).error, 'Failed to decode JSON column ''j'': %', 'its node says why');
SELECT t.is((t.node(:'nul', 'SQL', 2)).status, 'pending', 'nothing follows it');

-- rule: R1.12
-- The fence is seen from outside only: rows end with the stamp of the last generation.
SELECT t.is((SELECT string_agg(DISTINCT stamp, ' ') FROM t.nodes(:'four') WHERE type IN ('LOOP', 'IF', 'BREAK')), :'four' || '::4',
    'no row of generation 4 was overwritten by an older one');

-- rule: R1.16 R1.7 R1.17 M1 M2
SELECT t.comes(format($$SELECT status = 'running' FROM t.node(%L, 'SLEEP')$$, :'sleeper'), 'a sleep is seen as running');
SELECT t.is(df.status(:'sleeper'), 'running', 'so is its instance');
SELECT t.is(df.cancel(:'sleeper', 'stop'), 'Instance ' || :'sleeper' || ' cancelled: stop', 'what cancel answers');
SELECT t.is(df.status(:'sleeper'), 'cancelled', 'cancelled at once');
SELECT t.is((SELECT completed_at::text FROM df.instances WHERE id = :'sleeper'), NULL, 'cancelled has no completed_at');
SELECT t.comes(format($$SELECT t.output(%L) = 'canceled: stop'$$, :'sleeper'), 'output of a cancelled instance');
SELECT t.is((SELECT row(status, result)::text FROM t.node(:'sleeper', 'SLEEP')), '(running,)', 'its node rows are not touched');
SELECT t.is(df.cancel(:'sleeper'), 'Instance ' || :'sleeper' || ' cancelled: Cancelled by user', 'again: no error');
SELECT t.is(t.output(:'sleeper'), 'canceled: stop', 'and the first reason stays');
SELECT t.is(df.cancel(:'three'), 'Instance ' || :'three' || ' cancelled: Cancelled by user', 'a completed instance: same answer');
SELECT t.is(df.status(:'three'), 'completed', 'but it stays completed');
SELECT t.throws($$SELECT df.cancel('ffffffff')$$, 'Instance not found or access denied: ffffffff');

-- rule: D-transactional
SELECT df.start(df.sleep(2) ~> 'SELECT 5 AS n') AS spared \gset
BEGIN;
SELECT t.like(df.cancel(:'spared'), '% cancelled: %', 'a cancel in a transaction');
SELECT t.is(df.status(:'spared'), 'cancelled', 'is seen in it');
ROLLBACK;

-- rule: R1.18 D-cancelled-sql
-- SQL under way is cancelled in the server and rolls back.
SELECT df.start($$INSERT INTO t.effects (what) SELECT 'too late' FROM pg_sleep(4)$$) AS long \gset
SELECT t.comes($$SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%too late%' AND pid <> pg_backend_pid() AND state = 'active')$$,
    'the statement runs');
SELECT df.cancel(:'long') AS ignored \gset
SELECT t.comes($$SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%too late%' AND pid <> pg_backend_pid() AND state = 'active')$$,
    'it is cancelled', 2);

-- rule: R1.19
SELECT t.comes(format($$SELECT (t.node(%L, 'SQL')).status = 'completed'$$, :'parent'), 'the parent has started a child');
SELECT (t.node(:'parent', 'SQL')).result #>> '{rows,0,id}' AS child \gset
SELECT df.cancel(:'parent') AS ignored \gset
SELECT t.ends(:'child', 'completed', 'the child of a cancelled parent');
SELECT t.ends(:'spared', 'completed', 'a rolled-back cancel');
SELECT t.is(t.result(:'spared'), '{"rows":[{"n":5}],"row_count":1}', 'and it went on');
SELECT pg_sleep(1.5);
SELECT t.is((SELECT count(*) FROM t.effects WHERE what = 'too late'), 0, 'the cancelled statement has not committed');

-- rule: R1.4 A4.4 A6.4 M16
\c - postgres
SET client_min_messages = warning;
CREATE ROLE life_gone LOGIN;
SELECT df.grant_usage('life_gone') AS ignored \gset
BEGIN;
SET ROLE life_gone;
SELECT df.start('SELECT 1') AS orphan \gset
RESET ROLE;
SELECT df.revoke_usage('life_gone') AS ignored \gset
DROP ROLE life_gone;
COMMIT;
SELECT t.throws($$SELECT df.start('SELECT 1')$$, 'pg_durable: superuser instances are disabled. current_user "postgres" is a superuser, but pg_durable.enable_superuser_instances is off. Set pg_durable.enable_superuser_instances = on to allow this.');
SET pg_durable.enable_superuser_instances = on;
SELECT df.start('SELECT 1') AS super \gset
RESET pg_durable.enable_superuser_instances;
BEGIN;
SET ROLE app;
SELECT df.start('SELECT 1') AS forged \gset
RESET ROLE;
UPDATE df.instances SET submitted_by = 'postgres' WHERE id = :'forged';
UPDATE df.nodes SET submitted_by = 'postgres' WHERE instance_id = :'forged';
COMMIT;
SELECT t.ends(:'orphan', 'failed', 'submitted by a role that is gone');
SELECT t.is(t.output(:'orphan'), 'Instance ' || :'orphan' || ': submitted_by role no longer exists in pg_roles', 'why');
SELECT t.is((t.node(:'orphan', 'SQL')).status, 'pending', 'no node is touched');
SELECT t.ends(:'super', 'failed', 'submitted by a superuser who forged the setting');
SELECT t.is(t.output(:'super'), 'pg_durable blocked instance ' || :'super' || ': submitted_by role "postgres" is a superuser, but pg_durable.enable_superuser_instances is off', 'why');
SELECT t.is((t.node(:'super', 'SQL')).status, 'pending', 'no node is touched');
SELECT t.ends(:'forged', 'failed', 'a forged identity');
SELECT t.is((t.node(:'forged', 'SQL')).status, 'pending', 'no node is touched');
