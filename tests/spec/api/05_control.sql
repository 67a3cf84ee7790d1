-- df.cancel, df.signal, df.status, df.result, df.await_instance and the rest of the control functions.

SELECT df.start('SELECT 42 AS answer') AS one \gset
SELECT df.start(df.sleep(100)) AS sleeper \gset
SELECT df.start('SELECT 1' & 'SELECT 2') AS pair \gset
SELECT df.start(df.loop(df.break('done'))) AS word \gset
SELECT df.start('SELECT 1/0') AS broken \gset

-- rule: A2.4
SELECT t.is(df.await_instance(:'one'), 'completed', 'await');
SELECT t.is(df.await_instance(:'broken', 10), 'failed', 'await with a timeout');
SELECT t.throws(format('SELECT df.await_instance(%L, 1)', :'sleeper'), 'Timeout after 1s waiting for instance ' || :'sleeper' || ' (status: running). Check if background worker is running.', '22000');
SELECT t.throws($$SELECT df.await_instance('ffffffff')$$, 'Instance not found: ffffffff', '22000');
SELECT t.throws(format('SELECT df.await_instance(%L, 0)', :'one'), 'Timeout must be positive');
SET client_min_messages = error;
SELECT t.is(df.wait_for_completion(:'one'), 'completed', 'the old name');
SET client_min_messages = warning;
SELECT t.is(df.await_instance(:'pair'), 'completed', 'a join');
SELECT t.is(df.await_instance(:'word'), 'completed', 'a word');
SELECT t.is(df.result(:'one'), '{"rows": [{"answer": 42}], "row_count": 1}', 'rows');
SELECT t.is(df.result(:'pair'), '[{"rows": [{"?column?": 1}], "row_count": 1}, {"rows": [{"?column?": 2}], "row_count": 1}]', 'an array');
SELECT t.is(df.result(:'word'), '"done"', 'a text');
SELECT t.is(df.result(:'broken'), NULL, 'none of a failure');
SELECT t.is(df.status('label'), NULL, 'a label is no id');
SELECT t.is(df.run(:'one'), 'Triggered run for instance: ' || :'one', 'a stub');
SELECT t.is(df.run(), 'Triggered run for all pending instances', 'a stub');

-- Everything about a cancel shows in the same transaction.
BEGIN;
SELECT t.is(df.cancel(:'sleeper', 'enough'), 'Instance ' || :'sleeper' || ' cancelled: enough', 'cancel');
SELECT t.is(df.status(:'sleeper') || (SELECT status FROM df.list_instances('cancelled')) || (SELECT status FROM df.instance_info(:'sleeper')), 'cancelledcancelledcancelled', 'everybody agrees');
COMMIT;
SELECT t.is(df.await_instance(:'sleeper', 5), 'cancelled', 'a terminal status');
SELECT t.is(df.signal(:'sleeper', 'x'), 'OK', 'a signal to it');

-- One block that sends until the instance ends, and awaits it: signals of an open transaction reach nobody, unless dfsql.autonomous is on.
-- rule: M11 D-transactional
\c - postgres
CREATE EXTENSION dblink;
GRANT EXECUTE ON FUNCTION dblink_connect_u(text, text) TO dfowner;
GRANT USAGE ON SCHEMA public TO dfowner;
INSERT INTO df._settings VALUES ('dfsql.autonomous', 'on');
\c - app
SELECT df.start(df.race(df.wait_for_signal('go'), df.sleep(60))) AS going \gset
SELECT set_config('my.id', :'going', false) \g /dev/null
DO $$
DECLARE id text := current_setting('my.id');
BEGIN
    FOR i IN 1..100 LOOP
        PERFORM df.signal(id, 'go', '{"n":1}');
        EXIT WHEN df.status(id) = 'completed';
        PERFORM pg_sleep(0.1);
    END LOOP;
    IF df.await_instance(id, 5) <> 'completed' THEN
        RAISE EXCEPTION 'not ok: signals in one block';
    END IF;
END $$;
SELECT t.is(df.status(:'going'), 'completed', 'signalled and awaited in one block');
