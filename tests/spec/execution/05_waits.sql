-- Waiting: sleeps, schedules and signals.

-- rule: R2.29
SELECT t.gives('a sleep', df.sleep(1), '{"slept":true,"seconds":1}') AS slept \gset
SELECT t.gives('a longer sleep', df.sleep(3), '{"slept":true,"seconds":3}') AS parked \gset

-- rule: R2.30 D-names
SELECT t.gives('a name on a sleep', df.sleep(0) |=> 's' ~> $$SELECT ($s::jsonb ->> 'seconds')::int AS n, $s AS raw$$,
    '{"rows":[{"n":0,"raw":"{\"slept\": true, \"seconds\": 0}"}],"row_count":1}');
SELECT t.gives('a name on a break: bound after the loop', df.loop(df.break('42') |=> 'b') ~> 'SELECT $b AS v', '{"rows":[{"v":"42"}],"row_count":1}');

-- rule: R2.33
SELECT t.throws($$SELECT df.wait_for_schedule('nonsense')$$, 'Invalid cron expression ''nonsense'': %');

-- rule: R2.31 R2.32 D-cron
-- What needs a clock at a minute's boundary is in test_spec_clock.py.
SELECT df.start(df.wait_for_schedule('0 0 1 1 *')) AS new_year \gset
SELECT t.comes(format($$SELECT (t.node(%L, 'WAIT_SCHEDULE')).status = 'running'$$, :'new_year'), 'a wait for New Year is running');
SELECT df.cancel(:'new_year') AS ignored \gset
SELECT t.is(t.list(format($$SELECT df.wait_for_schedule(%L)$$, e)) <> $$$$, true, 'accepted: ' || e)
FROM unnest(ARRAY['* * * * *', '0 9 * * 1-5', '0 9 * * 0', '0 9 * * 7', '*/20 0-6,12 1 jan-MAR mon-fri', '5/10 * * * Sun', '0 0 29 2 *']) e;
SELECT t.throws(format('SELECT df.wait_for_schedule(%L)', e), 'Invalid cron expression ''' || e || ''': %')
FROM unnest(ARRAY['', '* * * *', '0 0 1 1 * 2031', '0 0 L * *', '0 0 1W * *', '0 0 * * 5#2', '0 0 ? * 1', '@daily', '60 * * * *', '0 9 * * 8', '0 0 30 2 *x']) e;

-- rule: R2.34
SELECT t.gives('nobody sends', df.wait_for_signal('go', 1), '{"signal_name":"go","timed_out":true,"data":null}') AS nobody \gset
SELECT df.start(df.wait_for_signal('go', 20) |=> 's' ~> $$SELECT ($s::jsonb -> 'data' ->> 'a')::int AS a, $s.timed_out AS late$$) AS going \gset
SELECT df.start(df.wait_for_signal('Go', 2)) AS other_case \gset

-- rule: R2.35
CREATE TABLE payloads AS
SELECT payload, expected, df.start(df.wait_for_signal('p')) AS id
FROM (VALUES ('{"a": 1}', '{"a":1}'), ('yes', '"yes"'), ('42', '42'), ('"42"', '"42"'), ('', '""'), ('[1, 2]', '[1,2]'), ('null', 'null')) v (payload, expected);

-- rule: R2.36
SELECT df.start(df.wait_for_signal('plain')) AS plain \gset
SELECT t.comes(format($$SELECT (t.node(%L, 'SIGNAL')).status = 'running'$$, :'plain'), 'a wait is seen as running');
SELECT t.is(df.signal(:'plain', 'plain'), 'OK', 'the answer');
SELECT t.throws($$SELECT df.signal('', 'x')$$, 'Instance ID cannot be empty');
SELECT t.throws($$SELECT df.signal('ffffffff', '')$$, 'Signal name cannot be empty');
SELECT t.throws($$SELECT df.signal('ffffffff', 'x')$$, 'Instance not found or access denied: ffffffff');

-- rule: R2.37
SELECT df.start(df.wait_for_signal('g') & df.wait_for_signal('g')) AS both \gset
SELECT t.comes(format($$SELECT count(*) = 2 FROM t.nodes(%L) WHERE type = 'SIGNAL' AND status = 'running'$$, :'both'), 'two branches wait');
SELECT df.signal(:'both', 'g', '1') AS ignored \gset

-- rule: D-early-signals
-- What comes before the wait is kept; each wait that begins takes the oldest one alone.
SELECT df.start($$SELECT pg_sleep(1)$$ ~> df.wait_for_signal('g', 5) |=> 'a' ~> df.wait_for_signal('g', 5) |=> 'b' ~> df.wait_for_signal('g', 1) |=> 'c'
    ~> $$SELECT $a.data AS a, $b.data AS b, $c.timed_out AS c$$) AS early \gset
SELECT df.signal(:'early', 'g', '1') || df.signal(:'early', 'other', '9') || df.signal(:'early', 'g', '2') AS ignored \gset

-- rule: M11
SELECT df.start(df.race(df.wait_for_signal('stop'), df.sleep(3) ~> $$INSERT INTO t.effects (what) VALUES ('nobody stopped me')$$)) AS into_race \gset
SELECT t.comes(format($$SELECT (t.node(%L, 'SIGNAL')).status = 'running'$$, :'into_race'), 'the branch waits');
SELECT df.signal(:'into_race', 'stop') AS ignored \gset

-- rule: D-pacing
-- An iteration that received a signal is not padded.
SELECT df.start(df.loop(df.wait_for_signal('turn') |=> 's' ~> df.if($$SELECT $s.data = 40$$, df.break('"forty"'), 'SELECT 1'))) AS turning \gset
SELECT clock_timestamp() AS began \gset
SELECT count(df.signal(:'turning', 'turn', n::text)) AS ignored FROM generate_series(1, 40) n \gset
SELECT t.ends(:'turning', 'completed', 'a loop over signals');
SELECT t.ok(clock_timestamp() - :'began'::timestamptz < '8 s', 'forty signals need no forty quarters of a second: ' || clock_timestamp() - :'began'::timestamptz);
SELECT t.is(t.result(:'turning'), '"forty"', 'none of them is lost');

-- rule: R2.36 D-transactional
-- A signal belongs to the transaction that sends it.
SELECT df.start(df.wait_for_signal('tx', 4)) AS tx \gset
SELECT t.comes(format($$SELECT (t.node(%L, 'SIGNAL')).status = 'running'$$, :'tx'), 'it waits');
BEGIN;
SELECT df.signal(:'tx', 'tx', '"lost"') AS ignored \gset
ROLLBACK;
BEGIN;
SELECT df.signal(:'tx', 'tx', '"sent"') AS ignored \gset
COMMIT;
SELECT t.ends(:'tx', 'completed', 'the committed signal');
SELECT t.is(t.result(:'tx'), '{"signal_name":"tx","timed_out":false,"data":"sent"}', 'is the one that arrives');

SELECT df.signal(:'going', 'go', '{"a":1}') AS ignored \gset
SELECT df.signal(:'other_case', 'go') AS ignored \gset
SELECT count(df.signal(id, 'p', payload)) AS ignored FROM payloads \gset

SELECT t.check();

SELECT t.ok((SELECT completed_at - created_at BETWEEN '3 s' AND '12 s' FROM df.instances WHERE id = :'parked'), 'wakes when it is due');
SELECT t.is(t.output(:'slept'), '{"slept": true, "seconds": 1}', 'the exact text of a sleep');
SELECT t.is(t.output(:'nobody'), '{"signal_name":"go","timed_out":true,"data":null}', 'key order of a signal');
SELECT t.ends(:'plain', 'completed', 'a signal without a payload');
SELECT t.is(t.result(:'plain'), '{"signal_name":"plain","timed_out":false,"data":{}}', 'has an empty object');
SELECT t.ends(:'going', 'completed', 'a signal with a payload');
SELECT t.is(t.result(:'going'), '{"rows":[{"a":1,"late":false}],"row_count":1}', 'which the next step reads');
SELECT t.ends(:'other_case', 'completed', 'a signal of another name');
SELECT t.is(t.result(:'other_case'), '{"signal_name":"Go","timed_out":true,"data":null}', 'names are case-sensitive');
SELECT t.ends(id, 'completed', 'payload ' || payload) FROM payloads;
SELECT t.is(t.result(id) -> 'data', expected::jsonb, 'payload ' || payload) FROM payloads;
SELECT t.ends(:'both', 'completed', 'one signal, two waits');
SELECT t.is(t.result(:'both'), '[{"signal_name":"g","timed_out":false,"data":1},{"signal_name":"g","timed_out":false,"data":1}]', 'each gets it');
SELECT t.ends(:'early', 'completed', 'signals that come before the wait');
SELECT t.is(t.result(:'early'), '{"rows":[{"a":1,"b":2,"c":true}],"row_count":1}', 'first in, first out, each to one wait');
SELECT t.ends(:'into_race', 'completed', 'a signal into a race');
SELECT t.is(t.result(:'into_race') ->> 'timed_out', 'false', 'wins');
SELECT t.is(df.signal(:'plain', 'plain'), 'OK', 'a terminal instance: no error');
SELECT pg_sleep(2);
SELECT t.is((SELECT count(*) FROM t.effects WHERE what = 'nobody stopped me'), 0, 'the other branch did not go on');

-- Rows that no builder makes.
\c - dfowner
SELECT t.is((SELECT count(*) FROM _duroxide.inbox b JOIN df.instances i ON i.id = b.instance_id WHERE i.status = 'completed'), 0, 'surplus messages vanish with the instance');
ALTER TABLE df.nodes DROP CONSTRAINT nodes_structure_chk;
CREATE TABLE broken (id text, expected text);
BEGIN;
-- rule: R2.29
SELECT df.start(df.sleep(1)) AS id \gset
UPDATE df.nodes SET query = 'soon' WHERE instance_id = :'id';
INSERT INTO broken VALUES (:'id', 'Invalid sleep duration: soon');
-- rule: R2.33
SELECT df.start(df.wait_for_schedule('* * * * *')) AS id \gset
UPDATE df.nodes SET query = 'x' WHERE instance_id = :'id';
INSERT INTO broken VALUES (:'id', 'Invalid WAIT_SCHEDULE config: %');
SELECT df.start(df.wait_for_schedule('* * * * *')) AS id \gset
UPDATE df.nodes SET query = '{}' WHERE instance_id = :'id';
INSERT INTO broken VALUES (:'id', 'WAIT_SCHEDULE missing cron_expr');
SELECT df.start(df.wait_for_schedule('* * * * *')) AS id \gset
UPDATE df.nodes SET query = '{"cron_expr":"0 9 * * 8"}' WHERE instance_id = :'id';
INSERT INTO broken VALUES (:'id', 'Invalid cron expression ''0 9 * * 8'': %');
SELECT df.start(df.wait_for_schedule('* * * * *')) AS id \gset
UPDATE df.nodes SET query = '{"cron_expr":"0 0 30 2 *"}' WHERE instance_id = :'id';
INSERT INTO broken VALUES (:'id', 'No upcoming schedule found for ''0 0 30 2 *''');
-- rule: R2.34
SELECT df.start(df.wait_for_signal('x')) AS id \gset
UPDATE df.nodes SET query = 'x' WHERE instance_id = :'id';
INSERT INTO broken VALUES (:'id', 'Invalid SIGNAL config: %');
SELECT df.start(df.wait_for_signal('x')) AS id \gset
UPDATE df.nodes SET query = '{}' WHERE instance_id = :'id';
INSERT INTO broken VALUES (:'id', 'Missing signal_name in SIGNAL config');
COMMIT;
SELECT t.ends(id, 'failed', expected) FROM broken;
SELECT t.like(t.output(id), expected, expected) FROM broken;

-- rule: R2.29
-- A sleep beyond the end of PostgreSQL's time is a very long sleep.
SELECT df.start(df.sleep(9223372036854775807)) AS forever \gset
SELECT pg_sleep(0.5);
SELECT t.is(df.status(:'forever'), 'running', 'a sleep of all time');
SELECT df.cancel(:'forever');
