-- df.start: its checks, rows and transactions.

-- rule: A3.1
SELECT t.throws($$SELECT df.start('SELECT 1', transaction_mode => 'later')$$, 'invalid transaction_mode "later" for df.start(): expected ''caller'' or ''new''');
SELECT df.start('SELECT 1 AS a', 'x', NULL, 'CALLER') AS caller \gset
SELECT df.start('SELECT 1 AS a', 'three', NULL) AS three \gset

-- rule: A3.2 D-limits R8.8
SELECT t.throws($$SELECT df.start('{"node_type":"DANCE"}')$$, 'Invalid durable function: Unknown node_type ''DANCE''. Valid types: SQL, THEN, IF, JOIN, LOOP, BREAK, RACE, SLEEP, WAIT_SCHEDULE, HTTP, HTTP_MULTIPART, SIGNAL');
SELECT t.throws($$SELECT df.start('{"node_type":"THEN","left_node":"x","right_node":"y"}')$$, 'Invalid durable function: Malformed Durofut JSON with node_type ''THEN'': Durofut children must be JSON objects%');
SELECT t.throws($$SELECT df.start('SELECT 1', NULL, 'nowhere')$$, 'database "nowhere" does not exist');
SELECT t.throws($$SELECT df.start('{"node_type":"SQL","query":"SELECT 1","condition_node":{"node_type":"SQL","query":"x"}}')$$, 'Invalid durable function graph: %condition_node is not valid for SQL nodes');
SELECT t.throws($$SELECT df.start('{"node_type":"SQL","query":"SELECT 1","extra_nodes":[{"node_type":"SQL","query":"x"}]}')$$, 'Invalid durable function graph: %extra_nodes is not valid for SQL nodes');
SELECT t.throws($$SELECT df.start('{"node_type":"IF","query":"{\"condition_node\":\"x\"}","left_node":{"node_type":"SQL","query":"a"},"right_node":{"node_type":"SQL","query":"b"}}')$$, 'Invalid durable function graph: root: condition_node in IF must be a first-class Durofut field, not embedded in query');
CREATE FUNCTION chain(depth int) RETURNS text LANGUAGE sql AS $$
    SELECT repeat('{"node_type":"LOOP","query":null,"left_node":', depth) || '{"node_type":"BREAK","query":"{\"break_value\":\"7\"}"}' || repeat('}', depth)
$$;
SELECT t.throws('SELECT df.start(chain(257))', 'Invalid durable function graph: %Graph exceeds maximum nesting depth of 256. Simplify the workflow or break it into multiple instances.');
SELECT df.start(df.loop(df.break('1'))) AS shallow \gset
SELECT df.start(chain(256)) AS deep \gset
CREATE FUNCTION bush(levels int) RETURNS text LANGUAGE sql AS $$
    SELECT CASE levels WHEN 0 THEN '{"node_type":"SLEEP","query":"0"}' ELSE format('{"node_type":"THEN","query":null,"left_node":%1$s,"right_node":%1$s}', bush(levels - 1)) END
$$;
SELECT t.throws('SELECT df.start(bush(13))', 'Invalid durable function graph: %Workflow exceeds maximum node count of 10000. Simplify the workflow or break it into multiple instances.');
SELECT t.is((SELECT count(*) FROM df.instances), 4, 'refused starts leave nothing');

-- Nothing is looked at twice: a JSON text without a node type is SQL.
SELECT df.start('{"a":1}') AS json_text \gset
SELECT t.is((SELECT node_type || ' ' || query FROM df.nodes WHERE instance_id = :'json_text'), 'SQL {"a":1}', 'it is SQL');

-- rule: A3.3 A2.4
SELECT df.start('SELECT 1' ~> df.if('SELECT 2', 'SELECT 3' |=> 'n', df.join3('SELECT 4', 'SELECT 5', 'SELECT 6')), 'shape') AS shape \gset
SELECT t.ok(:'shape' ~ '^[0-9a-f]{8}$', 'an id has 8 hex digits');
SELECT t.ok((SELECT bool_and(id ~ '^[0-9a-f]{8}$' AND submitted_by = 'app'::regrole AND database IS NULL) FROM df.nodes WHERE instance_id = :'shape'), 'so has a node, with the same owner');
SELECT t.is((SELECT string_agg(type || coalesce(' ' || CASE type WHEN 'SQL' THEN query END, ''), ', ' ORDER BY ord) FROM t.nodes(:'shape')),
    'THEN, SQL SELECT 1, IF, SQL SELECT 3, JOIN, SQL SELECT 4, SQL SELECT 5, SQL SELECT 6, SQL SELECT 2', 'one row for each node');
SELECT t.is((SELECT result_name FROM df.nodes WHERE instance_id = :'shape' AND query = 'SELECT 3'), 'n', 'with its name');
SELECT df.start('SELECT 1 AS a', 'same'), df.start('SELECT 1 AS a', 'same') \g /dev/null
SELECT t.is((SELECT count(*) FROM df.instances WHERE label = 'same'), 2, 'labels need not be unique');

-- rule: A3.4
SELECT df.setvar('v', 'old') \g /dev/null
SELECT df.start(df.sleep(1) ~> $$SELECT '{v}' AS v$$) AS vars \gset
SELECT df.setvar('v', 'new') \g /dev/null
SELECT t.ends(:'vars', 'completed', 'captured variables');
SELECT t.is(t.result(:'vars'), '{"rows":[{"v":"old"}],"row_count":1}', 'are those of the start');

-- rule: A3.5
SELECT t.ends(:'caller', 'completed', 'mode caller');
SELECT t.ends(:'three', 'completed', 'three arguments');
SELECT t.ends(:'deep', 'failed', 'depth 256');
SELECT t.ends(:'shallow', 'completed', 'depth 1');

-- rule: A3.2 A6.3
-- An administrator who takes readiness back makes every start fail at once.
\c - dfowner
BEGIN;
UPDATE _duroxide._worker_ready SET schema_version = -1;
SELECT t.throws($$SELECT df.start('SELECT 1')$$, 'failed to start durable function: pg_durable background worker not yet initialized — try again in a moment');
ROLLBACK;
SELECT df.start('SELECT 1') AS again \gset
SELECT t.ends(:'again', 'completed', 'and it works again');
