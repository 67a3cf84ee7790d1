-- The session a step runs in, and whose it is.

CREATE TABLE seen (what text, v text);
CREATE TABLE vac (n int);

-- rule: R6.5 R6.7 A6.7 M3
SELECT t.gives('settings', $$SELECT current_setting('TimeZone') AS tz, current_setting('DateStyle') AS ds, current_setting('client_encoding') AS e, current_setting('application_name') AS a,
        session_user = current_user AS same, current_user AS u, current_setting('df.in_workflow') AS w, current_setting('extra_float_digits')::int > 0 AS f$$,
    '{"rows":[{"tz":"UTC","ds":"ISO, MDY","e":"UTF8","a":"pg_durable:worker:workflow-sql","same":true,"u":"app","w":"true","f":true}],"row_count":1}');
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.only_here (n int);
SET search_path = elsewhere, public;
SELECT t.fails('nothing of the caller''s session is captured', 'SELECT * FROM only_here', 'SQL execution failed: error returned from database: relation "only_here" does not exist');
RESET search_path;

-- rule: R6.5 D-session
-- Whatever a step leaves in its session is gone before the next one. Ten chains, so that sessions are certainly used again.
CREATE FUNCTION traces() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', nullif(current_setting('search_path'), '"$user", public'), nullif(current_setting('TimeZone'), 'UTC'), nullif(current_user::text, session_user::text),
        nullif(coalesce(current_setting('my.secret', true), ''), ''), nullif(current_setting('application_name'), 'pg_durable:worker:workflow-sql'), nullif(current_setting('df.in_workflow'), 'true'),
        (SELECT 'temp table' FROM pg_class WHERE relname = 'mine' AND relnamespace = pg_my_temp_schema()), (SELECT 'prepared ' || name FROM pg_prepared_statements WHERE statement LIKE '%PREPARE%mine%' LIMIT 1),
        (SELECT 'cursor' FROM pg_cursors WHERE name = 'mine'), (SELECT 'lock' FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND pid = pg_backend_pid()), (SELECT 'listen' FROM pg_listening_channels()),
        nullif(current_setting('statement_timeout'), '0'), nullif(current_setting('transaction_isolation'), 'read committed'), nullif(current_setting('default_transaction_read_only'), 'off'))
$$;
CREATE TABLE chains AS
SELECT step, df.start(step ~> ('SELECT app.traces() AS v' |=> 'v') ~> 'SELECT $v AS v') AS id
FROM unnest(ARRAY['SET search_path = elsewhere', 'SET TimeZone = ''Asia/Tokyo''', 'CREATE TEMP TABLE mine (n int)', 'PREPARE mine AS SELECT 1 /* mine */', 'SELECT pg_advisory_lock(4711)', 'LISTEN mine',
    'SELECT set_config(''my.secret'', ''secret'', false)', 'SET statement_timeout = 1', 'SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE', 'SET default_transaction_read_only = on',
    'SET application_name = ''other''', 'SET df.in_workflow = ''false''', 'SET client_encoding = ''LATIN1''', 'SELECT set_config(''role'', ''none'', false)',
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', 'DO $d$ BEGIN LISTEN mine; END $d$', 'SET TRANSACTION READ ONLY', 'SELECT set_config(''transaction_read_only'', ''on'', true)', 'DEALLOCATE ALL', 'DISCARD TEMP']) step;

-- rule: R6.6 R6.12
-- What refuses a transaction block runs on its own, at least once.
SELECT t.gives('VACUUM', 'VACUUM vac', '{"rows":[],"row_count":0}');
SELECT df.start('CREATE INDEX CONCURRENTLY vac_n ON vac (n)') AS concurrently \gset
CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen VALUES ('first', 1); COMMIT; INSERT INTO seen VALUES ('second', 2); COMMIT; END $$;
SELECT t.gives('a procedure that commits', 'CALL app.commits()', '{"rows":[],"row_count":0}');
SELECT t.gives('BEGIN is a step of its own', 'BEGIN' ~> $$INSERT INTO seen VALUES ('after begin', 3)$$ ~> 'SELECT 1 AS n', '{"rows":[{"n":1}],"row_count":1}');
SELECT t.gives('COMMIT and ROLLBACK end nothing of ours', $$INSERT INTO seen VALUES ('before commit', 4)$$ ~> 'COMMIT' ~> 'ROLLBACK' ~> 'SELECT 1 AS n', '{"rows":[{"n":1}],"row_count":1}');
SELECT t.fails('SAVEPOINT outside of a transaction', 'SAVEPOINT s', 'SQL execution failed: error returned from database: SAVEPOINT can only be used in transaction blocks');

-- rule: R6.12
-- The checkpoint stands above whatever the statement set in its own transaction.
SELECT t.gives('a step that sets its search_path and role', $$SELECT set_config('search_path', 'pg_temp', true), set_config('role', 'none', true)$$ ~> 'SELECT 1 AS n', '{"rows":[{"n":1}],"row_count":1}');
SELECT t.gives('a step that sets the isolation level', 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE' ~> 'SELECT 1 AS n', '{"rows":[{"n":1}],"row_count":1}') ;
SELECT t.fails('a step that makes its transaction read only can still be recorded', 'SET LOCAL transaction_read_only = on' ~> 'SELECT 1/0', 'SQL execution failed: error returned from database: division by zero');

-- rule: M3 R2.54
SELECT t.fails('setvar in a step', $$SELECT df.setvar('a', 'b')$$, 'SQL execution failed: error returned from database: df.setvar() cannot be called inside a workflow - set variables before starting the workflow') AS setvar \gset

CALL t.settle(:'concurrently');
SELECT t.is(t.result(:'concurrently'), '{"rows":[],"row_count":0}', 'CREATE INDEX CONCURRENTLY');
SELECT t.check();
SELECT t.ends(id, 'completed', step) FROM chains;
SELECT t.is(t.result(id) #>> '{rows,0,v}', '', 'left behind by ' || step) FROM chains;
SELECT t.is((SELECT string_agg(v, ' ' ORDER BY v) FROM seen), '1 2 3 4', 'all of it happened');
SELECT t.is((SELECT indisvalid FROM pg_index WHERE indexrelid = 'vac_n'::regclass), true, 'the index is valid');
SELECT t.like((t.node(:'setvar', 'SQL')).result::text, '%cannot be called inside a workflow%', 'the node tells');

-- rule: R6.8 A4.1 A4.2
\c - postgres
SET client_min_messages = warning;
CREATE ROLE "Mixed Case" LOGIN; CREATE ROLE nologin NOLOGIN; CREATE ROLE soon_gone LOGIN; CREATE ROLE no_more LOGIN;
SELECT df.grant_usage(r) FROM unnest(ARRAY['Mixed Case', 'nologin', 'soon_gone', 'no_more']) r \g /dev/null
SET ROLE "Mixed Case";
SELECT df.start('SELECT current_user::text AS u') AS mixed \gset
SET ROLE nologin;
SELECT t.throws($$SELECT df.start('SELECT 1')$$, 'current_user "nologin" does not have LOGIN privilege. The background worker must connect as this role to execute SQL. Grant LOGIN to this role or call df.start() as a role with LOGIN.');
RESET ROLE;
CREATE FUNCTION app.start_it() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT df.start('SELECT current_user::text AS u') $$;
ALTER FUNCTION app.start_it() OWNER TO app;
GRANT USAGE ON SCHEMA app TO other;
SET ROLE other;
SELECT app.start_it() AS definer \gset
RESET ROLE;
SELECT t.ends(:'mixed', 'completed', 'a role whose name needs quotes');
SELECT t.is(t.result(:'mixed'), '{"rows":[{"u":"Mixed Case"}],"row_count":1}', 'runs as itself');
SELECT t.is((SELECT submitted_by::text FROM df.instances WHERE id = :'definer'), 'app', 'inside a definer function its owner submits');
SELECT t.ends(:'definer', 'completed', 'the owner''s instance');
SELECT t.is(t.result(:'definer'), '{"rows":[{"u":"app"}],"row_count":1}', 'runs as the owner');

-- rule: R6.8 M13 D-session R6.3
-- A role that is dropped, or may no longer log in, while its instance sleeps: the next step fails, though an earlier one ran as that role.
SET ROLE soon_gone;
SELECT df.start('SELECT 1' ~> df.sleep(2) ~> df.loop('SELECT 1', 'SELECT false')) AS gone \gset
SET ROLE no_more;
SELECT df.start('SELECT 1' ~> df.sleep(2) ~> 'SELECT 1') AS barred \gset
RESET ROLE;
SELECT t.comes(format($$SELECT (t.node(%L, 'SLEEP')).status = 'running'$$, :'gone'), 'it sleeps');
SELECT t.comes(format($$SELECT (t.node(%L, 'SLEEP')).status = 'running'$$, :'barred'), 'it sleeps');
SELECT df.revoke_usage('soon_gone') \g /dev/null
SET client_min_messages = error;
DROP ROLE soon_gone;
ALTER ROLE no_more NOLOGIN;
SELECT t.ends(:'gone', 'failed', 'the role was dropped');
SELECT t.ends(:'barred', 'failed', 'the role may not log in');
SELECT t.is((t.node(:'gone', 'SLEEP')).status, 'completed', 'waits need no role');
SELECT t.like(t.output(:'gone'), 'Loop sub-orchestration failed: Failed to connect to database ''' || current_database() || ''' as ''soon_gone''. Error: error returned from database: role "soon_gone" does not exist', 'its text');
SELECT t.like(t.output(:'barred'), 'Failed to connect to database ''' || current_database() || ''' as ''no_more''. Error: error returned from database: role "no_more" is not permitted to log in', 'its text');
SELECT t.is((t.node(:'gone', 'LOOP')).status, 'failed', 'the loop failed');
SELECT t.ok((SELECT updated_at - created_at < '7 s' FROM df.instances WHERE id = :'gone'), 'within 5 s of the end of its sleep: not retried');
SELECT df.revoke_usage(r) FROM unnest(ARRAY['Mixed Case', 'nologin', 'no_more']) r \g /dev/null
DELETE FROM df.vars;
DROP ROLE "Mixed Case", nologin, no_more;
