-- Steps that run in another database.

\c - postgres
SELECT current_database() || '_shop' AS shop, current_database() AS control \gset
CREATE DATABASE :"shop";
REVOKE CONNECT ON DATABASE :"shop" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"shop" TO app;
\c - app

-- rule: R7.1 A2.10
SELECT t.is(df.target_database(), current_database(), 'the control database');
SELECT df.start('SELECT current_database() AS d', NULL, :'shop') AS there \gset
SELECT t.is((SELECT database FROM df.instances WHERE id = :'there'), :'shop', 'the instance remembers');
SELECT t.is((SELECT database FROM df.nodes WHERE instance_id = :'there'), :'shop', 'and its nodes');
SELECT t.throws($$SELECT df.start('SELECT 1', NULL, 'no such database')$$, 'database "no such database" does not exist');

-- rule: R7.2
SELECT df.start($$SELECT df.start('SELECT 1')$$, NULL, :'shop') AS no_df \gset
SELECT df.start(df.sleep(0) ~> ('SELECT 1 AS n' |=> 'x') ~> 'SELECT $x + 1 AS n, current_database() AS d', NULL, :'shop') AS mixed \gset

-- rule: R7.3 M13
SELECT df.start(df.loop('SELECT 1' ~> df.sleep(1)), NULL, :'shop') AS looping \gset
SELECT t.ends(:'there', 'completed', 'a step elsewhere');
SELECT t.is(t.result(:'there') #>> '{rows,0,d}', :'shop', 'runs there');
SELECT t.ends(:'no_df', 'failed', 'df is not there');
SELECT t.is(t.output(:'no_df'), 'SQL execution failed: error returned from database: schema "df" does not exist', 'its text');
SELECT t.ends(:'mixed', 'completed', 'waits and names');
SELECT t.is(t.result(:'mixed') #>> '{rows,0,n}', '2', 'work as here');

\c - other
SELECT df.start('SELECT 1', NULL, :'shop') AS barred \gset
SELECT t.ends(:'barred', 'failed', 'a role that may not connect');
SELECT t.like(t.output(:'barred'), 'Failed to connect to database ''' || :'shop' || ''' as ''other''. Error: error returned from database: permission denied for database %', 'its text');

-- No session stays behind, so the database can be dropped between two iterations.
\c - postgres
SELECT t.comes(format($$SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = %L)$$, :'shop'), 'no session stays');
DROP DATABASE :"shop" WITH (FORCE);
SELECT t.ends(:'looping', 'failed', 'a loop in a database that is dropped');
SELECT t.is(t.output(:'looping'), 'Failed to connect to database ''' || :'shop' || ''' as ''app''. Error: error returned from database: database "' || :'shop' || '" does not exist', 'its text');
