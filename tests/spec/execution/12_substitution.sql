-- References: $name and {name}.

CREATE TABLE inv (id int, v text);
INSERT INTO inv VALUES (7, 'seven'), (8, 'eight');
SELECT df.setvar(n, v) FROM (VALUES ('tab', 'inv'), ('cond', 'id = $c.id'), ('a', '{b}'), ('b', 'z'), ('n', 'go'), ('with space', 'x'), ('sys_label', 'mine')) x (n, v) \g /dev/null

-- rule: R4.1
SELECT df.start(df.wait_for_signal('{n}')) AS no_text \gset

-- rule: R4.2
SELECT t.gives('text of a variable is scanned for names', 'SELECT 7 AS id' |=> 'c' ~> 'SELECT v FROM {tab} WHERE {cond}', '{"rows":[{"v":"seven"}],"row_count":1}');
SELECT t.gives('but not for variables', $$SELECT '{a}/{b}' AS v$$, '{"rows":[{"v":"{b}/z"}],"row_count":1}');
SELECT t.gives('inserted values are final', $$SELECT '$' || 'y {' || 'b}' AS v$$ |=> 'x' ~> 'SELECT 1' |=> 'y' ~> 'SELECT $x AS v', '{"rows":[{"v":"$y {b}"}],"row_count":1}');

-- rule: R4.3
SELECT t.gives('unknown and empty braces stay', $$SELECT '{}'::jsonb AS e, '{tab}' AS t, '{nope}' AS n, '{with space}' AS s$$, '{"rows":[{"e":{},"t":"inv","n":"{nope}","s":"{with space}"}],"row_count":1}');
SELECT df.start($$SELECT '{sys_instance_id}/{sys_label}' AS v$$) AS unlabelled \gset
SELECT df.start($$SELECT '{sys_instance_id}/{sys_label}' AS v$$, 'lbl') AS labelled \gset

-- rule: R4.4 D-braces
SELECT t.gives('braces in braces', $$SELECT '{"t":"{tab}"}' AS j, '{{tab}}' AS d, '{ {tab} {nope' AS o$$, '{"rows":[{"j":"{\"t\":\"inv\"}","d":"{inv}","o":"{ inv {nope"}],"row_count":1}');

-- rule: R4.5
SELECT t.gives('longest name first', 'SELECT 1' |=> 'c' ~> ('SELECT 2' |=> 'cu') ~> $$SELECT '$cu, $c, $cus, $C' AS v, '$c.' AS d, '$c.9' AS n$$, '{"rows":[{"v":"2, 1, $cus, $C","d":"1.","n":"1.9"}],"row_count":1}');
SELECT t.gives('one column only', $$SELECT 5 AS a$$ |=> 'c' ~> $$SELECT '$c.a.b' AS v$$, '{"rows":[{"v":"5.b"}],"row_count":1}');
SELECT t.gives('also in comments and quotes', $$SELECT 5 AS a$$ |=> 'c' ~> $$SELECT /* $c */ '$c' AS "$c"$$, '{"rows":[{"5":"5"}],"row_count":1}');
SELECT t.fails('also in tags', $$SELECT 5 AS a$$ |=> 'cust' ~> 'SELECT $cust$tag$cust$', 'SQL execution failed: %');
SELECT t.gives('no bindings: untouched', $$SELECT '$c' AS v$$, '{"rows":[{"v":"$c"}],"row_count":1}');

-- rule: R4.6
SELECT t.fails('an unknown name', 'SELECT 1 AS a' |=> 'k' ~> 'SELECT $kk', 'SQL execution failed: error returned from database: syntax error at or near "$"');

-- rule: R4.7 D-question
SELECT t.gives('in SQL the question mark belongs to the reference', $$SELECT '{"k":1}'::jsonb AS j$$ |=> 'c' ~> $$SELECT $c.j::jsonb ? 'k' AS v, $c.j? AS w$$, '{"rows":[{"v":true,"w":"{\"k\":1}"}],"row_count":1}');

-- rule: R4.8
SELECT t.gives('values', $$SELECT 'it''s \n' AS s, -2.5::float8 AS n, true AS t, '["a"]'::jsonb AS a, '{"k": "it''s"}'::jsonb AS o$$ |=> 'c' ~>
    'SELECT $c.s AS s, $c.n AS n, $c.t AS t, pg_typeof($c.t)::text AS bt, $c.a AS a, $c.o AS o, pg_typeof($c.o)::text AS ot',
    '{"rows":[{"s":"it''s \\n","n":"-2.5","t":true,"bt":"boolean","a":"[\"a\"]","o":"{\"k\":\"it''s\"}","ot":"unknown"}],"row_count":1}');
SELECT t.gives('numeric arrives quoted', 'SELECT 1.50::numeric AS n' |=> 'c' ~> 'SELECT $c::numeric + 1 AS v, pg_typeof($c)::text AS t', '{"rows":[{"v":"2.50","t":"unknown"}],"row_count":1}');
SELECT t.gives('doubles are no integers', 'SELECT 4::float8 AS n' |=> 'c' ~> 'SELECT (10 / $c)::text AS v', '{"rows":[{"v":"2.5000000000000000"}],"row_count":1}');

-- rule: R4.9
SELECT t.gives('the first column of the first row', 'SELECT 4 AS n, 5 AS m' |=> 'q' ~> 'SELECT $q AS v', '{"rows":[{"v":4}],"row_count":1}');
SELECT t.fails('no rows', 'SELECT 1 WHERE false' |=> 'e' ~> 'SELECT $e', '$e has no rows — query returned zero results') AS empty \gset
SELECT t.fails('NULL', 'SELECT NULL::int' |=> 'e' ~> 'SELECT $e', '$e is NULL — first column of first row is NULL');
SELECT t.gives('null-safe', 'SELECT 1 WHERE false' |=> 'e' ~> ('SELECT NULL::int' |=> 'n') ~> 'SELECT $e? AS e, $n? AS n', '{"rows":[{"e":null,"n":null}],"row_count":1}');
SELECT t.gives('results that are no rows come as their text', df.loop(df.break('stop')) |=> 'l' ~> (df.loop(df.break('42')) |=> 'm') ~> 'SELECT $l AS l, $m AS m, $m? AS q', '{"rows":[{"l":"\"stop\"","m":"42","q":"42"}],"row_count":1}');

-- rule: R4.10
SELECT t.gives('fields of other results', df.wait_for_signal('x', 1) |=> 'sig' ~> 'SELECT $sig.timed_out AS a, $sig.signal_name AS b, $sig.data? AS c', '{"rows":[{"a":true,"b":"x","c":null}],"row_count":1}');
SELECT t.fails('a null field', df.wait_for_signal('x', 1) |=> 'sig' ~> 'SELECT $sig.data', '$sig.data is NULL');
SELECT t.fails('a null column', 'SELECT NULL::int AS n' |=> 'c' ~> 'SELECT $c.n', '$c.n is NULL');
SELECT t.fails('a column of no rows', 'SELECT 1 AS n WHERE false' |=> 'c' ~> 'SELECT $c.n', '$c has no rows — query returned zero results');
SELECT t.fails('a column of an array', ('SELECT 1' & 'SELECT 2') |=> 'both' ~> 'SELECT $both.x', '$both.x: result is neither a row set nor a JSON object');
SELECT t.fails('an absent column', 'SELECT 1 AS n' |=> 'c' ~> 'SELECT $c.zip', 'SQL execution failed: error returned from database: syntax error at or near "$"');
SELECT t.fails('row_count is no column', 'SELECT 1 AS n' |=> 'c' ~> 'SELECT $c.row_count', 'SQL execution failed: %');

-- rule: D-absent R4.10
SELECT t.gives('an absent column, null-safe', 'SELECT 1 AS n' |=> 'c' ~> 'SELECT $c.zip? AS z', '{"rows":[{"z":null}],"row_count":1}');
SELECT t.gives('an absent field, null-safe', df.sleep(0) |=> 's' ~> 'SELECT $s.nope? AS z', '{"rows":[{"z":null}],"row_count":1}');

-- rule: R4.11
SELECT t.gives('a row set', $$SELECT 1 AS k, 'x' AS v UNION ALL SELECT 2, NULL ORDER BY 1$$ |=> 'l' ~> 'SELECT k, v, pg_typeof(v)::text AS t FROM $l.* ORDER BY k',
    '{"rows":[{"k":1,"v":"x","t":"text"},{"k":2,"v":null,"t":"text"}],"row_count":2}');
SELECT t.gives('an empty row set', 'SELECT 1 AS id WHERE false' |=> 'e' ~> 'SELECT count(*) AS n FROM $e.*', '{"rows":[{"n":0}],"row_count":1}');
SELECT t.fails('has lost its columns', 'SELECT 1 AS id WHERE false' |=> 'e' ~> 'SELECT id FROM $e.*', 'SQL execution failed: error returned from database: column "id" does not exist');
SELECT t.fails('of something else', df.sleep(0) |=> 's' ~> 'SELECT * FROM $s.*', '$s.* — invalid result format');
SELECT t.fails('too many rows', 'SELECT n FROM generate_series(1, 10001) n' |=> 'big' ~> 'SELECT count(*) FROM $big.*',
    '$big.* — result has 10001 rows, exceeding the maximum of 10000 for row-set expansion. Use pagination or intermediate tables for large result sets.');
SELECT t.gives('not too many', 'SELECT n FROM generate_series(1, 10000) n' |=> 'big' ~> 'SELECT count(*) AS n FROM $big.*', '{"rows":[{"n":10000}],"row_count":1}');

-- rule: R4.12
SELECT t.gives('a value cannot leave its literal', $$SELECT 'it''s'' || (SELECT 1) --' AS tag$$ |=> 'c' ~> $$SELECT 'tag: ' || $c.tag AS v$$, '{"rows":[{"v":"tag: it''s'' || (SELECT 1) --"}],"row_count":1}');
SELECT t.fails('inside quotes it can', $$SELECT 'it''s' AS tag$$ |=> 'c' ~> $$SELECT 'tag: $c.tag'$$, 'SQL execution failed: %');

-- rule: R4.13
SELECT t.fails('before any connection', 'SELECT 1 WHERE false' |=> 'e' ~> 'not even SQL $e', '$e has no rows — query returned zero results');

-- rule: R4.14
SELECT t.gives('names add up and are bound anew', 'SELECT 1 AS n' |=> 'x' ~> ('SELECT $x + 1 AS n' |=> 'y') ~> ('SELECT $x + $y AS n' |=> 'x') ~> 'SELECT $x + $y AS s', '{"rows":[{"s":5}],"row_count":1}');

-- rule: D-any
SELECT t.gives('all rows inside ANY', 'SELECT id FROM inv' |=> 'ids' ~> 'SELECT count(*) AS n FROM inv WHERE id = ANY($ids)', '{"rows":[{"n":2}],"row_count":1}');
SELECT t.gives('texts with commas and quotes', $$SELECT v FROM (VALUES ('a,b'), ('c"d'), ('seven')) x (v)$$ |=> 'vs' ~> 'SELECT count(*) AS n FROM inv WHERE v = ANY( $vs )', '{"rows":[{"n":1}],"row_count":1}');
SELECT t.gives('no rows', 'SELECT id FROM inv WHERE false' |=> 'ids' ~> 'SELECT count(*) AS n FROM inv WHERE id = ANY($ids)', '{"rows":[{"n":0}],"row_count":1}');
SELECT t.gives('all rows inside ALL', 'SELECT id FROM inv' |=> 'ids' ~> 'SELECT count(*) AS n FROM inv WHERE id >= ALL($ids)', '{"rows":[{"n":1}],"row_count":1}');
SELECT t.gives('an array literal stays', $$SELECT '{7,9}' AS a$$ |=> 'ids' ~> 'SELECT count(*) AS n FROM inv WHERE id = ANY($ids)', '{"rows":[{"n":1}],"row_count":1}');
SELECT t.gives('IN takes the first row', 'SELECT id FROM inv ORDER BY 1' |=> 'ids' ~> 'SELECT count(*) AS n FROM inv WHERE id IN ($ids)', '{"rows":[{"n":1}],"row_count":1}');

-- rule: D-column
SELECT t.gives('a column that one result has', 'SELECT 7 AS order_id' |=> 'order' ~> $$SELECT $order_id AS v, '$order_id' AS quoted, $d$ $order_id $d$ AS dollar /* $order_id */$$, '{"rows":[{"v":7,"quoted":"$order_id","dollar":" $order_id "}],"row_count":1}');
SELECT t.fails('a column that two results have', 'SELECT 7 AS col_x' |=> 'p' ~> ('SELECT 8 AS col_x' |=> 'q') ~> 'SELECT $col_x', 'SQL execution failed: error returned from database: syntax error at or near "$"');

SELECT t.check();

SELECT t.comes(format($$SELECT (t.node(%L, 'SIGNAL')).status = 'running'$$, :'no_text'), 'it waits');
SELECT df.signal(:'no_text', '{n}') AS ignored \gset
SELECT t.ends(:'no_text', 'completed', 'signal names are not substituted');
SELECT t.is(t.result(:'no_text'), '{"signal_name":"{n}","timed_out":false,"data":{}}', 'the name stays');
SELECT t.ends(:'unlabelled', 'completed', 'system variables');
SELECT t.is(t.result(:'unlabelled') #>> '{rows,0,v}', :'unlabelled' || '/', 'without a label');
SELECT t.ends(:'labelled', 'completed', 'system variables');
SELECT t.is(t.result(:'labelled') #>> '{rows,0,v}', :'labelled' || '/lbl', 'a variable of that name does not win');
SELECT t.is((SELECT string_agg(status, ' ' ORDER BY ord) FROM t.nodes(:'empty')), 'failed completed failed', 'a failed substitution fails the node');
