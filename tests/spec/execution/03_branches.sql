-- Branches: JOIN and RACE.

-- rule: R0.1 M5
SELECT df.start(df.race(df.loop($$INSERT INTO t.effects (what) VALUES ('in the loop')$$),
    $$SELECT pg_sleep(1.2)$$)) AS scopes \gset

-- rule: R2.9
SELECT t.gives('branches start from the same bindings', $$SELECT 1 AS n$$ |=> 'x' ~> ('SELECT $x + 1 AS a' & 'SELECT $x + 2 AS b'),
    '[{"rows":[{"a":2}],"row_count":1},{"rows":[{"b":3}],"row_count":1}]') AS joined \gset
SELECT t.fails('branches do not see each other', (('SELECT 1 AS n' |=> 'x') & (df.sleep(1) ~> 'SELECT $x')),
    'JOIN branch 2 failed: SQL execution failed: error returned from database: syntax error at or near "$"');

-- rule: R2.10
SELECT t.gives('join3', df.join3(df.sleep(0), 'SELECT 1 AS a', $$DELETE FROM t.effects WHERE what = 'none'$$),
    '[{"slept":true,"seconds":0},{"rows":[{"a":1}],"row_count":1},{"rows":[],"row_count":0}]');
SELECT t.gives('nested joins', ('SELECT 1 AS a' & 'SELECT 2 AS b') & 'SELECT 3 AS c',
    '[[{"rows":[{"a":1}],"row_count":1},{"rows":[{"b":2}],"row_count":1}],{"rows":[{"c":3}],"row_count":1}]');
SELECT t.gives('a break in branch 1 is seen before a failure in branch 2', df.loop(df.break('"b"') & 'SELECT 1/0'), '"b"');
SELECT t.fails('a failure in branch 1 is seen before a break in branch 2', df.loop('SELECT 1/0' & df.break('"b"')),
    'JOIN branch 1 failed: SQL execution failed: error returned from database: division by zero');
SELECT t.fails('it waits for all branches', ($$INSERT INTO t.effects (what) SELECT 'slow branch' FROM pg_sleep(1)$$) & 'SELECT 1/0',
    'JOIN branch 2 failed: SQL execution failed: error returned from database: division by zero') AS waited \gset

-- rule: R2.11
SELECT t.gives('elements are full results', ('SELECT 1 AS a' & 'SELECT 2 AS b') |=> 'p' ~> $$SELECT ($p::jsonb #>> '{0,rows,0,a}')::int AS v$$,
    '{"rows":[{"v":1}],"row_count":1}');

-- rule: R2.12 D-join-names
-- Only what a branch bound itself comes back, so an inherited copy never wins.
SELECT t.gives('the first branch binds anew', 'SELECT 1 AS n' |=> 'x' ~> (('SELECT 2 AS n' |=> 'x') & 'SELECT 0') ~> 'SELECT $x AS x',
    '{"rows":[{"x":2}],"row_count":1}');
SELECT t.gives('the second branch binds anew', 'SELECT 1 AS n' |=> 'x' ~> ('SELECT 0' & ('SELECT 2 AS n' |=> 'x')) ~> 'SELECT $x AS x',
    '{"rows":[{"x":2}],"row_count":1}');
SELECT t.gives('both bind: in branch order', (('SELECT 2 AS n' |=> 'x') & ('SELECT 3 AS n' |=> 'x')) ~> 'SELECT $x AS x', '{"rows":[{"x":3}],"row_count":1}');
SELECT t.gives('new names of all branches', (('SELECT 5 AS a' |=> 'l') & ('SELECT 6 AS a' |=> 'r')) ~> 'SELECT $l + $r AS s', '{"rows":[{"s":11}],"row_count":1}');

-- rule: R2.13
SELECT t.gives('the name of a join', (df.sleep(0) & df.sleep(0)) |=> 'p' ~> 'SELECT jsonb_array_length($p::jsonb) AS n', '{"rows":[{"n":2}],"row_count":1}');

-- rule: R2.14
SELECT t.gives('the first to end wins', df.race('SELECT 1 AS a, pg_sleep(0.5)', df.sleep(30)), '{"rows":[{"a":1,"pg_sleep":null}],"row_count":1}') AS raced \gset
SELECT t.gives('the other side', df.sleep(30) | 'SELECT 2 AS a', '{"rows":[{"a":2}],"row_count":1}');
SELECT t.fails('also when it fails', df.race('SELECT pg_sleep(9)', 'SELECT 1/0'),
    'RACE right branch failed: SQL execution failed: error returned from database: division by zero');
SELECT t.fails('left', df.race('SELECT 1/0', 'SELECT pg_sleep(9)'),
    'RACE left branch failed: SQL execution failed: error returned from database: division by zero');
SELECT t.gives('also when it breaks', df.loop(df.race(df.break('"out"'), df.sleep(60))), '"out"');
SELECT t.gives('the winner''s names are kept', df.race('SELECT 1 AS n' |=> 'w', df.sleep(30)) |=> 'r' ~> 'SELECT $w + $r AS s', '{"rows":[{"s":2}],"row_count":1}');

-- rule: R2.15 D-cancelled-sql
-- The loser's statement is cancelled in the server: it never commits.
SELECT t.gives('the loser', df.race('SELECT 1 AS a', $$INSERT INTO t.effects (what) SELECT 'lost' FROM pg_sleep(60)$$), '{"rows":[{"a":1}],"row_count":1}') AS lost \gset
SELECT t.fails('the loser''s names are not seen', df.race('SELECT 1 AS a', ('SELECT 2' |=> 'l') ~> df.sleep(30)) ~> 'SELECT $l',
    'SQL execution failed: error returned from database: syntax error at or near "$"');

-- rule: R2.16 D-losing-loop
SELECT t.gives('a loop that waits in its first iteration', df.race(df.sleep(1), df.loop(df.sleep(30))), '{"slept":true,"seconds":1}') AS loop1 \gset
SELECT t.gives('a loop that has turned', df.race(df.sleep(1), df.loop('SELECT 1')), '{"slept":true,"seconds":1}') AS loop2 \gset

SELECT t.check();

SELECT t.is((SELECT count(*) FROM t.effects WHERE what = 'slow branch'), 1, 'the slow branch ended before the join failed');
SELECT t.is((SELECT row(status, inferred, inferred_from = (t.node(:'raced', 'RACE')).id)::text FROM t.node(:'raced', 'SLEEP')), '(running,skipped,t)',
    'a lost wait stays as it is and reads skipped');
SELECT t.is((SELECT string_agg(row(status, result, error, inferred)::text, ' ') FROM t.node(:'loop1', 'LOOP')),
    '(failed,"""Loop branch cancelled after losing RACE""","Loop branch cancelled after losing RACE",failed)', 'the losing loop is failed');
SELECT t.is((SELECT row(status, result, inferred)::text FROM t.node(:'loop2', 'LOOP')),
    '(failed,"""Loop branch cancelled after losing RACE""",failed)', 'also after its first generation');
SELECT t.ok((t.node(:'loop2', 'LOOP')).stamp ~ ('^' || :'loop2' || '::1::' || (t.node(:'loop2', 'LOOP')).id || '::([2-9]|\d\d+)$'), 'with its latest stamp');

SELECT t.ends(:'scopes', 'completed', 'a loop against a statement');
SELECT t.ok(bool_and((t.node(:'scopes', 'LOOP')).stamp ~ ('^' || :'scopes' || '::1::[0-9a-f]{8}::\d+$')), 'a loop that is a branch has the branch''s scope');
SELECT t.is((SELECT count(DISTINCT regexp_replace(stamp, '::\d+$', '')) FROM t.nodes(:'scopes')), 3, 'three scopes, not four');
SELECT t.is(regexp_replace((t.node(:'scopes', 'SQL', 1)).stamp, '::\d+$', ''), regexp_replace((t.node(:'scopes', 'LOOP')).stamp, '::\d+$', ''),
    'the body runs in the loop''s scope');
SELECT t.is((t.node(:'scopes', 'RACE')).stamp, :'scopes' || '::1', 'the race runs in the root scope');
SELECT t.is((t.node(:'joined', 'SQL', 2)).stamp, :'joined' || '::1::' || (t.node(:'joined', 'SQL', 2)).id || '::1', 'a branch is named after its root');
SELECT t.comes($c$SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%''lost'' FROM pg_sleep(60)%' AND pid <> pg_backend_pid())$c$,
    'the loser''s statement is cancelled in the server');
SELECT t.is((SELECT count(*) FROM t.effects WHERE what = 'lost'), 0, 'the loser''s statement did not commit');

-- rule: M5
-- loop against a statement that loses: its row has been written running, with a scope of its own, before it lost
SELECT df.start(df.race(df.loop(df.sleep(1) ~> df.break('1')), 'SELECT pg_sleep(20)')) AS beaten \gset
SELECT t.ends(:'beaten', 'completed', 'a loop that wins');
SELECT t.is((SELECT count(DISTINCT regexp_replace(stamp, '::\d+$', '')) FROM t.nodes(:'beaten')), 3, 'three scopes');
SELECT t.is((SELECT row(status, inferred)::text FROM t.node(:'beaten', 'SQL')), '(running,skipped)', 'the loser was written running');
