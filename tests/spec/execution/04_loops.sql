-- Loops and breaks.

CREATE TABLE turns (loop text, at timestamptz DEFAULT clock_timestamp(), id serial);
CREATE TABLE three (id serial);
CREATE FUNCTION turn(which text) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO turns (loop) VALUES (which); SELECT count(*) FROM turns WHERE loop = which
$$;

-- rule: R2.17
SELECT t.gives('a loop inside', $$SELECT turn('before')$$ ~> df.loop($$SELECT turn('inside') AS n$$ |=> 'n', 'SELECT $n < 5') ~> $$SELECT turn('behind') AS n$$,
    '{"rows":[{"n":1}],"row_count":1}') AS inside \gset

-- rule: R2.18
SELECT t.gives('until the condition is false: the body''s last result', df.loop('INSERT INTO three DEFAULT VALUES RETURNING id', 'SELECT count(*) < 3 FROM three'),
    '{"rows":[{"id":3}],"row_count":1}');
SELECT t.gives('at least once', df.loop('SELECT 1 AS a', 'SELECT false'), '{"rows":[{"a":1}],"row_count":1}');
SELECT t.gives('a name on a loop', df.loop('SELECT 4 AS a', 'SELECT false') |=> 'l' ~> 'SELECT $l AS v', '{"rows":[{"v":4}],"row_count":1}');
SELECT t.gives('the prefix operator', @> ($$SELECT turn('prefix')$$ ~> df.break('"p"')), '"p"');

-- rule: R2.19 M6
SELECT t.gives('a condition that breaks', df.loop('SELECT 1', 'SELECT 2' ~> df.break('{"why":"cond"}')), '{"why":"cond"}') AS condroot \gset
SELECT t.gives('the same inside', 'SELECT 1' ~> df.loop('SELECT 1', 'SELECT 2' ~> df.break('{"why":"cond"}')), '{"why":"cond"}') AS condinner \gset
SELECT t.fails('a condition that fails', df.loop('SELECT 1', 'SELECT 1/0'), 'SQL execution failed: error returned from database: division by zero');
SELECT t.gives('the condition sees the body''s names', df.loop($$SELECT turn('seen') AS n$$ |=> 'n', 'SELECT $n < 2'), '{"rows":[{"n":2}],"row_count":1}');

-- rule: R2.20 R4.14
SELECT t.gives('a counter in a loop inside', 'SELECT 0 AS n' |=> 'c' ~> df.loop('SELECT $c + 1 AS n' |=> 'c', 'SELECT $c < 3') ~> 'SELECT $c AS n',
    '{"rows":[{"n":3}],"row_count":1}');
SELECT t.gives('a root loop binds anew in each iteration',
    df.loop($$SELECT turn('fresh') AS n$$ |=> 'c' ~> df.if('SELECT $c > 1', df.break('1'), 'SELECT 1')), '1');
SELECT t.fails('a root loop forgets',
    df.loop(df.if($$SELECT turn('forgets') > 1$$, 'SELECT $c', 'SELECT 1' |=> 'c')), 'SQL execution failed: error returned from database: syntax error at or near "$"');
SELECT t.gives('the root loop of a branch keeps', df.loop(df.if($$SELECT turn('keeps') > 1$$, 'SELECT $c AS v' |=> 'd' ~> df.break(), 'SELECT 1' |=> 'c')) & 'SELECT 0' ~> 'SELECT $d AS v',
    '{"rows":[{"v":1}],"row_count":1}');
SELECT t.gives('variables and label are kept', df.loop(df.if($$SELECT turn('{sys_label}') > 1$$, df.break('"{sys_label}"'), 'SELECT 0')), '"with a label"', 'with a label');

-- rule: R2.21
SELECT t.gives('what leaves a loop', df.loop(df.if($$SELECT turn('leaves') AS n$$ |=> 'a', 'SELECT 7' |=> 'b', 'SELECT 0') ~> df.if('SELECT $a > 1', df.break(), 'SELECT 0'))
    ~> 'SELECT 0' ~> 'SELECT 0', '{"rows":[{"?column?":0}],"row_count":1}');
SELECT t.gives('names of the last and of earlier iterations',
    'SELECT 0 AS z' ~> df.loop(($$SELECT turn('names') AS n$$ |=> 'a') ~> df.if('SELECT $a = 1', 'SELECT $a * 10 AS n' |=> 'b', 'SELECT 0') ~> df.if('SELECT $a > 1', df.break(), 'SELECT 0'))
    ~> 'SELECT $a AS a, $b AS b', '{"rows":[{"a":2,"b":10}],"row_count":1}');

-- rule: R2.24 M4
SELECT t.gives('rows of a loop', df.loop(df.if($$SELECT turn('rows') >= 2$$, df.break('2'), 'SELECT pg_sleep(0.8)')), '2') AS rows \gset

-- rule: R2.25 M7
SELECT t.fails('a loop inside that fails', 'SELECT 1' ~> df.loop('SELECT 1/0'),
    'Loop sub-orchestration failed: SQL execution failed: error returned from database: division by zero') AS inner_failed \gset
SELECT t.fails('a root loop that fails', df.loop('SELECT 1/0'), 'SQL execution failed: error returned from database: division by zero');
SELECT t.fails('a loop of a join that fails', df.loop(df.if($$SELECT turn('fails') > 1$$, 'SELECT 1/0', 'SELECT 1')) & $$SELECT turn('sibling')$$,
    'JOIN branch 1 failed: SQL execution failed: error returned from database: division by zero') AS branch_failed \gset

-- rule: R2.27 D-break-text
SELECT t.gives('no value', df.loop(df.break()), 'null');
SELECT t.gives('a number', df.loop(df.break('42')), '42');
SELECT t.gives('a word', df.loop(df.break('done')), '"done"');
SELECT t.gives('JSON', df.loop(df.break('{"k": [1]}')), '{"k":[1]}') AS compact \gset
SELECT t.gives('a reference to a column', df.loop($$SELECT 'all good' AS s, 5 AS n$$ |=> 'r' ~> df.break('$r.s')), '"all good"');
SELECT t.gives('references in JSON', df.loop($$SELECT 'all good' AS s, 5 AS n$$ |=> 'r' ~> df.break('{"n": $r.n, "s": "$r.s", "rows": $r.*}')),
    '{"n":5,"s":"all good","rows":[{"s":"all good","n":5}]}');
SELECT t.gives('an unbound name stays', df.loop(df.break('$nobody.s')), '"$nobody.s"');

-- rule: R2.28
SELECT t.gives('only the innermost loop ends', df.loop($$SELECT turn('outer')$$ ~> df.loop($$SELECT turn('inner')$$ ~> df.break('"inner"')) |=> 'i' ~> df.break('$i')), '"inner"') AS nested \gset
SELECT t.gives('through IF in JOIN in LOOP', df.loop(df.if('SELECT true', df.break('"nested-done"'), 'SELECT 1') & $$SELECT turn('join sibling')$$), '"nested-done"') AS deep \gset
SELECT t.gives('names bound before a break are kept', df.loop((('SELECT 3 AS n' |=> 'k') ~> df.break('1')) & 'SELECT 0') |=> 'l' ~> 'SELECT $k AS k, $l AS l',
    '{"rows":[{"k":3,"l":"1"}],"row_count":1}');
SELECT t.gives('through a race only when it wins', df.loop(df.race('SELECT 1', df.sleep(20) ~> df.break('"late"')) ~> df.break('"early"')), '"early"');

-- rule: R2.28b D-uncaught
SELECT df.start('SELECT 1' ~> df.break('3')) AS uncaught \gset
SELECT df.start(df.break('9') & 'SELECT 1') AS uncaught_join \gset

-- rule: R2.22 D-pacing M8
SELECT df.start(@> ($$SELECT turn('paced')$$)) AS paced \gset
SELECT df.start(@> ($$SELECT turn('sleep 0')$$ ~> df.sleep(0))) AS slept \gset
SELECT t.gives('a loop with a condition is not padded', df.loop($$SELECT turn('unpadded') AS n$$ |=> 'n', 'SELECT $n < 30'), '{"rows":[{"n":30}],"row_count":1}');
SELECT t.gives('a last iteration is not padded', df.loop($$SELECT turn('single')$$ ~> df.break('1')), '1');
SELECT t.comes($$SELECT EXISTS (SELECT FROM turns WHERE loop = 'sleep 0')$$, 'the loop turns');
SELECT t.is(df.status(:'slept'), 'running', 'running from the first turn on');

SELECT t.check();

SELECT t.is((SELECT string_agg(row(loop, n)::text, ' ' ORDER BY loop) FROM (SELECT loop, count(*) AS n FROM turns WHERE loop IN ('before', 'inside', 'behind') GROUP BY loop) x),
    '(before,1) (behind,1) (inside,5)', 'what stands before and behind a loop runs once');
SELECT t.is((t.node(:'inside', 'LOOP')).stamp, :'inside' || '::1::' || (t.node(:'inside', 'LOOP')).id || '::5', 'a loop inside has a scope of its own');
SELECT t.is((SELECT string_agg(row(result)::text, ' ') FROM t.node(:'condroot', 'LOOP')), '("{""why"": ""cond""}")', 'LOOP row: the break value');
SELECT t.is((SELECT string_agg(row(result)::text, ' ') FROM t.node(:'condinner', 'LOOP')), '("{""why"": ""cond""}")', 'the same inside');
SELECT t.is((t.node(:'deep', 'LOOP')).result, '"nested-done"', 'and from the depth');
SELECT t.is(t.output(:'compact'), '{"k":[1]}', 'JSON of a break is compact');
SELECT t.is((SELECT count(*) FROM turns WHERE loop = 'join sibling'), 1, 'siblings of a break finish');
SELECT t.is((SELECT string_agg(row(type, status, inferred)::text, ' ' ORDER BY ord) FROM t.nodes(:'rows')),
    '(LOOP,completed,completed) (IF,completed,completed) (BREAK,completed,completed) (SQL,completed,skipped) (SQL,completed,completed)',
    'after a loop nothing is derived running, the arm of an older iteration is skipped');
SELECT t.like((t.node(:'inner_failed', 'LOOP')).result #>> '{}', '%SQL execution failed: error returned from database: division by zero', 'the LOOP row tells');
SELECT t.is((t.node(:'inner_failed', 'THEN')).result #>> '{}', 'Loop sub-orchestration failed: SQL execution failed: error returned from database: division by zero', 'so does THEN');
SELECT t.is((SELECT row(status, inferred)::text FROM t.node(:'branch_failed', 'LOOP')), '(failed,failed)', 'a failing loop of a join is failed');
SELECT t.like((t.node(:'branch_failed', 'LOOP')).result #>> '{}', '%division by zero', 'with the message');
SELECT t.is((SELECT count(*) FROM turns WHERE loop = 'sibling'), 1, 'the sibling ran once');
SELECT t.ends(:'uncaught', 'failed', 'a break outside of a loop');
SELECT t.is(t.output(:'uncaught'), 'df.break() was called outside of a loop. df.break() may only be used inside df.loop().', 'its text');
SELECT t.is(df.result(:'uncaught'), '3', 'df.result still gives the value');
SELECT t.is((t.node(:'uncaught', 'THEN')).status, 'completed', 'the rows are completed');
SELECT t.ends(:'uncaught_join', 'failed', 'a break through a join, outside of a loop');
SELECT t.is(df.result(:'uncaught_join'), '9', 'its value');
SELECT t.ok((SELECT max(at) - min(at) < '7 s' FROM turns WHERE loop = 'unpadded'), '30 iterations with a condition');

-- rule: R2.22 M8
-- An endless loop: 250 ms for each iteration that another one follows; a sleep of 0 s is no way around it.
SELECT t.comes($$SELECT count(*) >= 8 FROM turns WHERE loop = 'paced'$$, 'eight turns');
SELECT t.comes($$SELECT count(*) >= 8 FROM turns WHERE loop = 'sleep 0'$$, 'eight turns with df.sleep(0)');
SELECT t.ok((SELECT (max(at) - min(at)) / (count(*) - 1) > '0.22 s' FROM turns WHERE loop = 'paced'), 'no iteration is shorter than 250 ms');
SELECT t.ok((SELECT (max(at) - min(at)) / (count(*) - 1) > '0.22 s' FROM turns WHERE loop = 'sleep 0'), 'also with df.sleep(0)');
SELECT t.ok((SELECT count(*) BETWEEN 2 AND 15 FROM turns WHERE loop = 'sleep 0' AND at < (SELECT min(at) + '3.2 s' FROM turns WHERE loop = 'sleep 0')), '2 to 15 turns in 3.2 s');
SELECT t.is(df.status(:'paced'), 'running', 'endless');
SELECT t.ok((SELECT current_execution_id >= 8 FROM df.instance_info(:'paced')), 'each turn of a root loop is a generation');
SELECT df.cancel(:'paced') || df.cancel(:'slept') AS ignored \gset

-- Rows that no builder makes.
\c - dfowner
ALTER TABLE df.nodes DROP CONSTRAINT nodes_structure_chk;

-- rule: R2.26
BEGIN;
SELECT df.start(df.loop('SELECT 1')) AS no_body \gset
UPDATE df.nodes SET left_node = NULL WHERE instance_id = :'no_body' AND node_type = 'LOOP';
SELECT df.start(df.loop('SELECT 1', 'SELECT false')) AS bad_config \gset
UPDATE df.nodes SET query = 'x' WHERE instance_id = :'bad_config' AND node_type = 'LOOP';
SELECT df.start(df.loop(df.break('1'))) AS no_text \gset
UPDATE df.nodes SET query = '{"break_value": 5}' WHERE instance_id = :'no_text' AND node_type = 'BREAK';
COMMIT;
SELECT t.ends(:'no_body', 'failed', 'a loop without a body');
SELECT t.is(t.output(:'no_body'), 'LOOP node ' || (t.node(:'no_body', 'LOOP')).id || ' has no body', 'its text');
SELECT t.ends(:'bad_config', 'failed', 'a loop with a config that is not JSON');
SELECT t.like(t.output(:'bad_config'), 'LOOP node ' || (t.node(:'bad_config', 'LOOP')).id || ': failed to parse condition config: %', 'its text');
SELECT t.ends(:'no_text', 'completed', 'a break value that is no text');
SELECT t.is(df.result(:'no_text'), 'null', 'counts as none');
