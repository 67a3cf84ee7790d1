-- Steps, sequences and choices.

CREATE TABLE numbers (n int);
INSERT INTO numbers SELECT generate_series(1, 10);

-- rule: R2.1 R3.3
SELECT t.gives('two columns', $$SELECT 2 AS a, 'x' AS b$$, '{"rows":[{"a":2,"b":"x"}],"row_count":1}');
SELECT t.gives('all rows', $$SELECT n FROM numbers WHERE n <= 3 ORDER BY n$$, '{"rows":[{"n":1},{"n":2},{"n":3}],"row_count":3}');
SELECT t.gives('no rows', $$SELECT n FROM numbers WHERE n > 10$$, '{"rows":[],"row_count":0}');

-- rule: R2.2
SELECT t.gives('a bound result', $$SELECT 6 AS n$$ |=> 'k' ~> $$SELECT $k * 7 AS n$$, '{"rows":[{"n":42}],"row_count":1}');
SELECT t.fails('a failed step binds nothing', $$SELECT 1/0 AS n$$ |=> 'k' ~> $$SELECT $k$$, 'SQL execution failed: error returned from database: division by zero');

-- rule: R2.4 D-grouping
SELECT t.gives('the right result', 'SELECT 1 AS a' ~> 'SELECT 2 AS b', '{"rows":[{"b":2}],"row_count":1}');
SELECT t.gives('grouping from the left', 'SELECT 1 AS a' ~> 'SELECT 2 AS b' & 'SELECT 3 AS c',
    '[{"rows":[{"b":2}],"row_count":1},{"rows":[{"c":3}],"row_count":1}]');
SELECT t.fails('left fails', 'SELECT 1/0' ~> $$INSERT INTO t.effects (what) VALUES ('after a failure')$$, 'SQL execution failed: error returned from database: division by zero') AS then_failed \gset
SELECT t.gives('left breaks', df.loop(df.break('1') ~> $$INSERT INTO t.effects (what) VALUES ('after a break')$$), '1');

-- rule: R2.5
SELECT t.gives('a name on a sequence is its right result',
    'SELECT 1 AS a' ~> 'SELECT 5 AS b' |=> 'last' ~> 'SELECT $last + 1 AS c', '{"rows":[{"c":6}],"row_count":1}');
SELECT t.gives('also when that is a wait',
    'SELECT 1 AS a' ~> df.wait_for_signal('nobody', 1) |=> 'd' ~> $$SELECT ($d::jsonb ->> 'timed_out')::bool AS t$$,
    '{"rows":[{"t":true}],"row_count":1}');

-- rule: R2.6 R4.14
SELECT t.gives('else', df.if('SELECT 0', $$SELECT 'y' AS r$$, $$SELECT 'n' AS r$$), '{"rows":[{"r":"n"}],"row_count":1}') AS untaken \gset
SELECT t.gives('then', 'SELECT true' ?> $$SELECT 'y' AS r$$ !> $$SELECT 'n' AS r$$, '{"rows":[{"r":"y"}],"row_count":1}');
SELECT t.gives('what the condition binds', df.if('SELECT 8 AS n' |=> 'c', 'SELECT $c AS v', 'SELECT 0 AS v'), '{"rows":[{"v":8}],"row_count":1}');
SELECT t.gives('the condition binds for what follows', df.if('SELECT 8 AS n' |=> 'c', 'SELECT 1' |=> 'b', 'SELECT 0') ~> 'SELECT $c + $b AS v',
    '{"rows":[{"v":9}],"row_count":1}');
SELECT t.gives('a name on an IF', df.if('SELECT true', 'SELECT 4 AS a', 'SELECT 0') |=> 'i' ~> 'SELECT $i AS v', '{"rows":[{"v":4}],"row_count":1}');
SELECT t.gives('a condition that is a sequence', df.if('SELECT 1' ~> 'SELECT false', 'SELECT 1 AS r', 'SELECT 2 AS r'), '{"rows":[{"r":2}],"row_count":1}');
SELECT t.gives('a condition that breaks', df.loop(df.if(df.break('"c"'), 'SELECT 1', 'SELECT 2')), '"c"');
SELECT t.fails('a reference is no condition', $$SELECT true AS done$$ |=> 'b' ~> ('$b.done' ?> 'SELECT 1' !> 'SELECT 2'), 'SQL execution failed: error returned from database: syntax error at or near "true"');

-- rule: R2.7
SELECT t.gives('if_rows without rows', 'SELECT 1 WHERE false' |=> 'q' ~> df.if_rows('q', 'SELECT 1 AS r', 'SELECT 2 AS r'), '{"rows":[{"r":2}],"row_count":1}');
SELECT t.gives('if_rows with rows', 'SELECT false' |=> 'q' ~> df.if_rows('q', 'SELECT 1 AS r', 'SELECT 2 AS r'), '{"rows":[{"r":1}],"row_count":1}');
SELECT t.gives('if_rows after DML', 'UPDATE numbers SET n = n' |=> 'u' ~> df.if_rows('u', 'SELECT 1 AS r', 'SELECT 2 AS r'), '{"rows":[{"r":2}],"row_count":1}');
SELECT t.fails('if_rows: unknown name', df.if_rows('nope', 'SELECT 1', 'SELECT 2'), 'df.if_rows: result ''nope'' not found');
SELECT t.fails('if_rows: no SQL result', df.wait_for_signal('nobody', 1) |=> 's' ~> df.if_rows('s', 'SELECT 1', 'SELECT 2'),
    'df.if_rows: result ''s'' is not a SQL result (missing row_count)');

SELECT t.check();
SELECT t.is((SELECT count(*) FROM t.effects), 0, 'nothing ran behind a failure or a break');

-- rule: M4
SELECT t.is((SELECT string_agg(row(type, status, inferred, inferred_from IS NOT NULL)::text, ' ' ORDER BY ord) FROM t.nodes(:'untaken')),
    '(IF,completed,completed,f) (SQL,pending,skipped,t) (SQL,completed,completed,f) (SQL,completed,completed,f)', 'the arm that was not taken');
SELECT t.is((SELECT string_agg(inferred, ' ' ORDER BY ord) FROM t.nodes(:'then_failed')), 'failed failed skipped', 'the right of a failed THEN');

-- Rows that no builder makes: written by hand before the instance is picked up.
\c - dfowner
ALTER TABLE df.nodes DROP CONSTRAINT nodes_structure_chk, DROP CONSTRAINT nodes_node_type_chk;

-- rule: R2.3
BEGIN;
SELECT df.start('SELECT 1') AS no_query \gset
UPDATE df.nodes SET query = NULL WHERE instance_id = :'no_query';
COMMIT;

-- rule: R2.8
BEGIN;
SELECT df.start(df.if('SELECT 1', 'SELECT 2', 'SELECT 3')) AS no_config \gset
UPDATE df.nodes SET query = NULL WHERE instance_id = :'no_config' AND node_type = 'IF';
SELECT df.start(df.if('SELECT 1', 'SELECT 2', 'SELECT 3')) AS bad_config \gset
UPDATE df.nodes SET query = 'x' WHERE instance_id = :'bad_config' AND node_type = 'IF';
SELECT df.start(df.if('SELECT 1', 'SELECT 2', 'SELECT 3')) AS no_condition \gset
UPDATE df.nodes SET query = '{}' WHERE instance_id = :'no_condition' AND node_type = 'IF';
SELECT df.start(df.if('SELECT 1', 'SELECT 2', 'SELECT 3')) AS no_branch \gset
UPDATE df.nodes SET left_node = NULL WHERE instance_id = :'no_branch' AND node_type = 'IF';
SELECT df.start('SELECT 1') AS no_type \gset
UPDATE df.nodes SET node_type = 'Dance' WHERE instance_id = :'no_type';
SELECT df.start('SELECT 11 AS n') AS small \gset
UPDATE df.nodes SET node_type = 'sql' WHERE instance_id = :'small';
COMMIT;

SELECT t.ends(:'no_query', 'failed', 'SQL without a query');
SELECT t.is(t.output(:'no_query'), 'SQL node ' || (SELECT id FROM t.nodes(:'no_query')) || ' has no query', 'its text');
SELECT t.ends(:'no_config', 'failed', 'IF without config');
SELECT t.is(t.output(:'no_config'), 'IF node ' || (t.node(:'no_config', 'IF')).id || ' has no config', 'its text');
SELECT t.ends(:'bad_config', 'failed', 'IF with a config that is not JSON');
SELECT t.like(t.output(:'bad_config'), 'Invalid IF config: %', 'its text');
SELECT t.ends(:'no_condition', 'failed', 'IF without a condition');
SELECT t.is(t.output(:'no_condition'), 'IF node missing condition_node', 'its text');
SELECT t.ends(:'no_branch', 'failed', 'IF without a branch');
SELECT t.is(t.output(:'no_branch'), 'IF node ' || (t.node(:'no_branch', 'IF')).id || ' has no then branch', 'its text');
SELECT t.ends(:'no_type', 'failed', 'an unknown type');
SELECT t.is(t.output(:'no_type'), 'Unknown node type: dance', 'its text');
SELECT t.ends(:'small', 'completed', 'types are found in any case');
