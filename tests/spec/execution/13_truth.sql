-- Which results are true.

CREATE TABLE nothing (n int);
CREATE TABLE truths (condition text, holds bool);
INSERT INTO truths VALUES
-- rule: R5.1
    ('SELECT false AS a, true AS b', false), ('SELECT 1 WHERE false', false), ('SELECT 1 AS n UNION ALL SELECT 0 ORDER BY n DESC', true), ('SELECT 1 AS n UNION ALL SELECT 0 ORDER BY n', false),
-- rule: R5.2
    ('SELECT count(*) FROM nothing', false), ('SELECT NULL', false), ('SELECT -0.5::float8', true), ('SELECT 0::float8', false), ('SELECT ''{}''::jsonb', false), ('SELECT ''{"a":0}''::jsonb', true),
    ('SELECT ''[]''::jsonb', false), ('SELECT ''[0]''::jsonb', true), ('SELECT ''NaN''::float8', false), ('SELECT pg_sleep(0)', false), ('UPDATE nothing SET n = 1', false), ('SELECT', true),
    ('SELECT ARRAY[]::int[]', false), ('SELECT ARRAY[0]', true),
-- rule: R5.3
    ('SELECT ''''', false), ('SELECT '' F ''', false), ('SELECT ''No''', false), ('SELECT ''off''', true), ('SELECT ''n''', true), ('SELECT ''null''', true), ('SELECT ''T''', true), ('SELECT ''yes''', true),
    ('SELECT ''-0.0''', false), ('SELECT ''0e5''', false), ('SELECT ''0x0''', true), ('SELECT ''[]''', true), ('SELECT ''nan''', true), ('SELECT ''1_0''', true), ('SELECT ''0.1''', true),
-- rule: R5.3 D-numeric
    ('SELECT 0.00::numeric', false), ('SELECT 0.01::numeric', true),
-- rule: R5.3 D-columns
    ('SELECT false, true', false);
CREATE TABLE told AS SELECT *, df.start(df.if(condition, 'SELECT true AS r', 'SELECT false AS r')) AS id FROM truths;

-- rule: R5.4
SELECT t.gives('a signal that timed out is true', df.if(df.wait_for_signal('x', 1), 'SELECT 1 AS r', 'SELECT 0 AS r'), '{"rows":[{"r":1}],"row_count":1}');
SELECT t.gives('a sleep is true', df.if(df.sleep(0), 'SELECT 1 AS r', 'SELECT 0 AS r'), '{"rows":[{"r":1}],"row_count":1}');
SELECT t.gives('a join is true', df.if('SELECT 0' & 'SELECT 0', 'SELECT 1 AS r', 'SELECT 0 AS r'), '{"rows":[{"r":1}],"row_count":1}');
SELECT t.gives('a null of a loop is false', df.if(df.loop(df.break()), 'SELECT 1 AS r', 'SELECT 0 AS r'), '{"rows":[{"r":0}],"row_count":1}');
SELECT t.gives('a no of a loop is false', df.if(df.loop(df.break('no')), 'SELECT 1 AS r', 'SELECT 0 AS r'), '{"rows":[{"r":0}],"row_count":1}');
SELECT t.gives('words of a loop are true', df.if(df.loop(df.break('off')), 'SELECT 1 AS r', 'SELECT 0 AS r'), '{"rows":[{"r":1}],"row_count":1}');

-- rule: R5.5
SELECT t.fails('a condition that fails', df.if('SELECT 1/0', 'SELECT 1', 'SELECT 2'), 'SQL execution failed: error returned from database: division by zero') AS broken \gset

SELECT t.check();
SELECT t.ends(id, 'completed', condition) FROM told;
SELECT t.is(t.result(id) #>> '{rows,0,r}', holds::text, condition) FROM told;
SELECT t.is((SELECT string_agg(status, ' ' ORDER BY ord) FROM t.nodes(:'broken')), 'failed pending pending failed', 'is no "false"');
