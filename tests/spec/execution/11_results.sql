-- What results look like as JSON.

CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN even AS int CHECK (value % 2 = 0);
CREATE TABLE kept (n int, b bytea);
CREATE TABLE types (type text, value text, expected text);
INSERT INTO types VALUES
-- rule: R3.8
    ('bool', 'true', 'true'), ('int2', '-7', '-7'), ('int4', '7', '7'), ('int8', '9007199254740993', '9007199254740993'),
    ('float4', '0.1', '0.10000000149011612'), ('float8', '2', '2.0'), ('float8', '1e16', '1e16'), ('float8', '0.1', '0.1'), ('float8', '-0.5e-10', '-5e-11'),
    ('float8', 'NaN', 'null'), ('float8', 'Infinity', 'null'), ('float4', '-Infinity', 'null'),
    ('text', 'x"y\z', '"x\"y\\z"'), ('varchar(3)', 'abc', '"abc"'), ('name', 'n', '"n"'), ('uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'),
    ('timestamptz', '2031-05-06 07:08:09.5+02', '"2031-05-06T05:08:09.500+00:00"'), ('timestamptz', '2031-05-06 07:08:09.000001+00', '"2031-05-06T07:08:09.000001+00:00"'),
    ('timestamp', '2031-05-06 07:08:09', '"2031-05-06T07:08:09"'), ('date', '2031-05-06', '"2031-05-06"'),
    ('json', '{"b":1,"a":[true,null]}', '{"b":1,"a":[true,null]}'), ('jsonb', '{"b": 1, "aa": 2}', '{"b":1,"aa":2}'), ('jsonb', '[]', '[]'),
    ('app.even', '4', '4'),
-- rule: R3.8 D-types
    ('char(4)', 'ab', '"ab  "'), ('"char"', 'c', '"c"'), ('interval', '1 day 02:00', '"1 day 02:00:00"'), ('time', '07:08:09', '"07:08:09"'), ('timetz', '07:08:09+02', '"07:08:09+02"'),
    ('inet', '10.0.0.1/8', '"10.0.0.1/8"'), ('cidr', '10.0.0.0/8', '"10.0.0.0/8"'), ('macaddr', '08:00:2b:01:02:03', '"08:00:2b:01:02:03"'),
    ('bit(3)', '101', '"101"'), ('int4range', '[1,4)', '"[1,4)"'), ('app.mood', 'glad', '"glad"'), ('tsvector', 'a', '"''a''"'),
-- rule: R3.9 D-numeric
    ('numeric', '1.5', '"1.5"'), ('numeric', '1.50', '"1.50"'), ('numeric', '12.00', '"12.00"'), ('numeric', '0.00', '"0.00"'), ('numeric', '100', '"100"'),
    ('numeric', '123456.78900000', '"123456.78900000"'), ('numeric', '0.0000001', '"0.0000001"'), ('numeric', '1e16', '"10000000000000000"'),
-- rule: D-infinite
    ('timestamptz', 'infinity', '"infinity"'), ('timestamp', '-infinity', '"-infinity"'), ('date', 'infinity', '"infinity"'), ('numeric', 'NaN', '"NaN"'), ('date', '0044-03-15 BC', '"-0043-03-15"'), ('date', '10000-01-01', '"+10000-01-01"');
CREATE TABLE typed AS SELECT *, df.start(format('SELECT %L::%s AS v', value, type)) AS id FROM types;

-- rule: R3.8 D-types
SELECT df.start($$SELECT ARRAY[1, NULL, 3] AS a, ARRAY['x y', 'z'] AS t, ROW(1, 'two')::app.pair AS p, '{}'::int[] AS e, NULL::text AS n, NULL::mood AS m$$) AS composite \gset
SELECT df.start($$SELECT pg_sleep(0)$$) AS void \gset
SELECT df.start($$INSERT INTO app.kept VALUES (1, 'x') RETURNING n, b$$) AS bytes \gset
SELECT df.start($$SELECT 'x'::bytea AS b WHERE false$$) AS no_bytes \gset

-- rule: R3.1
SELECT t.gives('a race', df.race(df.sleep(0), df.sleep(50)), '{"slept":true,"seconds":0}');

-- rule: R3.2
SELECT df.start('SELECT 1 AS zeta, 2 AS a' |=> 'r' ~> 'SELECT $r AS v, $r.a AS w') AS ordered \gset
SELECT df.start('SELECT 1 AS zeta, 2 AS a') AS text_order \gset
SELECT t.gives('in json columns, keys keep their order', $$SELECT '{"zz":1,"a":2}'::json AS j$$ |=> 'r' ~> 'SELECT $r.j AS v', '{"rows":[{"v":"{\"zz\":1,\"a\":2}"}],"row_count":1}');

-- rule: R3.3
SELECT t.gives('many rows', 'SELECT n FROM generate_series(1, 20000) n' |=> 'r' ~> 'SELECT $r AS first', '{"rows":[{"first":1}],"row_count":1}');

-- rule: R3.4
SELECT t.gives('no result set: ' || s, s, '{"rows":[],"row_count":0}')
FROM unnest(ARRAY['DELETE FROM app.kept WHERE false', 'CREATE TABLE app.made (n int)', 'SET LOCAL work_mem = ''1MB''', 'DO $d$ BEGIN END $d$', '', '-- only a comment', 'LISTEN x']) s;

-- rule: R3.5 R4.9
SELECT t.gives('no columns', 'SELECT', '{"rows":[{}],"row_count":1}');
SELECT t.fails('no first column', 'SELECT' |=> 'r' ~> 'SELECT $r', '$r: first row has no columns');

-- rule: R3.6
SELECT t.fails('two statements', 'INSERT INTO t.effects (what) VALUES (''first of two''); SELECT 2',
    'SQL execution failed: error returned from database: cannot insert multiple commands into a prepared statement');
SELECT t.gives('one semicolon', 'SELECT 1 AS a;', '{"rows":[{"a":1}],"row_count":1}');
SELECT t.fails('COPY', 'COPY app.kept TO STDOUT', 'SQL execution failed: %');
SELECT t.fails('a parameter', 'SELECT $1', 'SQL execution failed: %');

-- rule: R3.7 D-columns
SELECT t.gives('columns of the same name', 'SELECT 1 AS a, 2 AS b, 3 AS a, ''x'' AS a', '{"rows":[{"a":1,"b":2,"a_2":3,"a_3":"x"}],"row_count":1}');
SELECT t.gives('columns without a name', 'SELECT 1, 2', '{"rows":[{"?column?":1,"?column?_2":2}],"row_count":1}');
SELECT t.gives('the first column is the first column', 'SELECT 1, 2' |=> 'r' ~> 'SELECT $r AS v', '{"rows":[{"v":1}],"row_count":1}');

-- rule: D-utc
SELECT t.gives('UTC', $$SELECT current_setting('TimeZone') AS tz$$, '{"rows":[{"tz":"UTC"}],"row_count":1}');

SELECT t.check();

SELECT t.ends(id, 'completed', type || ' ' || value) FROM typed;
SELECT t.is(t.output(id), '{"rows":[{"v":' || expected || '}],"row_count":1}', type || ' ' || value) FROM typed;
SELECT t.ends(:'composite', 'completed', 'arrays and rows');
SELECT t.is(t.output(:'composite'), '{"rows":[{"a":[1,null,3],"t":["x y","z"],"p":{"a":1,"b":"two"},"e":[],"n":null,"m":null}],"row_count":1}', 'become JSON');
SELECT t.ends(:'void', 'completed', 'void');
SELECT t.is(t.output(:'void'), '{"rows":[{"pg_sleep":null}],"row_count":1}', 'is null');
SELECT t.ends(:'bytes', 'failed', 'bytea');
SELECT t.like(t.output(:'bytes'), 'Unsupported column type ''BYTEA'' for column ''b''%encode(%', 'its text');
SELECT t.is((SELECT count(*) FROM kept), 0, 'it fails before the commit');
SELECT t.ends(:'no_bytes', 'completed', 'bytea without a row');
SELECT t.is(t.output(:'no_bytes'), '{"rows":[],"row_count":0}', 'never fails');
SELECT t.ends(:'ordered', 'completed', 'column order');
SELECT t.is(t.result(:'ordered'), '{"rows":[{"v":1,"w":2}],"row_count":1}', 'decides what $name is');
SELECT t.ends(:'text_order', 'completed', 'two renderings');
SELECT t.is(t.output(:'text_order'), '{"rows":[{"zeta":1,"a":2}],"row_count":1}', 'the exact one');
SELECT t.is(df.result(:'text_order'), '{"rows": [{"a": 2, "zeta": 1}], "row_count": 1}', 'and jsonb''s');
SELECT t.is((SELECT count(*) FROM t.effects WHERE what = 'first of two'), 0, 'of two statements none runs');
