-- What pg_durable does not have, or does otherwise: retrying a failed instance, rows of long steps, instances that cannot go on, explain.

CREATE TABLE work (n int);
CREATE TABLE price (v int);
INSERT INTO price VALUES (0);

-- rule: D-retry
-- Started again from the failed step, with the results so far, as a new instance; the old one stays failed.
SELECT df.start('INSERT INTO work VALUES (1) RETURNING n' |=> 'w' ~> ('SELECT 100 / v AS q FROM price' |=> 'q') ~> 'SELECT $w + $q AS s', 'retried') AS old \gset

-- rule: D-long-steps M1 M2
SELECT df.start($$SELECT 'long', pg_sleep(1.5)$$) AS long \gset
SELECT t.comes(format($$SELECT (t.node(%L, 'SQL')).status = 'running'$$, :'long'), 'a step of 1.5 s is seen as running', 1.2);
SELECT t.is((t.node(:'long', 'SQL')).stamp, :'long' || '::1', 'with its stamp');
SELECT t.is(df.status(:'long'), 'running', 'so is its instance');

SELECT t.ends(:'old', 'failed', 'the first attempt');
SELECT t.throws($$SELECT df.retry_instance('ffffffff')$$, '%ffffffff%');
SELECT t.throws(format('SELECT df.retry_instance(%L)', :'long'), '%only a failed or cancelled instance can be retried');
UPDATE price SET v = 5;
SELECT df.retry_instance(:'old') AS new \gset
SELECT t.ok(:'new' <> :'old', 'a new instance');
SELECT t.ends(:'new', 'completed', 'the retry');
SELECT t.is(t.result(:'new'), '{"rows":[{"s":21}],"row_count":1}', 'goes on with the results so far');
SELECT t.is((SELECT count(*) FROM work), 1, 'what had succeeded is not done again');
SELECT t.is(df.status(:'old'), 'failed', 'a failed instance stays failed');
SELECT t.is((SELECT retry_of::text FROM _duroxide.runs WHERE instance_id = :'new'), :'old', 'the two are linked');
SELECT t.is((SELECT label FROM df.instances WHERE id = :'new'), 'retried', 'with the same label');
SELECT t.ends(:'long', 'completed', 'the long step');

-- rule: D-explain
-- Cut at characters, and & and | alone are expressions.
SELECT t.like(df.explain('SELECT ''' || repeat('é', 60) || ''''), 'SQL: SELECT ''' || repeat('é', 19) || '...%', 'texts of several bytes are cut at characters');
SELECT t.like(df.explain($$'SELECT 1' & 'SELECT 2'$$), '%JOIN%', 'a join alone');
SELECT t.like(df.explain($$'SELECT 1' | df.sleep(3)$$), '%RACE%', 'a race alone');
SELECT t.like(df.explain('SELECT 1'), '%SELECT 1%', 'a statement');
SELECT t.like(df.explain(:'new'), '%SELECT 100 / v%', 'an instance');

-- rule: D-death R6.4
-- A graph that nobody can follow fails with the reason instead of running for ever.
\c - dfowner
BEGIN;
SELECT df.start(df.loop('SELECT 1', 'SELECT false')) AS lost \gset
UPDATE df.nodes SET query = '{"condition_node":"ffffffff"}' WHERE instance_id = :'lost' AND node_type = 'LOOP';
COMMIT;
SELECT t.ends(:'lost', 'failed', 'a node that is not there');
SELECT t.like(t.output(:'lost'), '%Node not found: ffffffff', 'the reason');
