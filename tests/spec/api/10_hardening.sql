-- What protects the installation from the names of others, and what a session can set.

\c - dfowner

-- rule: A4.7
SELECT t.is(t.list($$SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace IN ('df'::regnamespace, '_duroxide'::regnamespace) AND p.prosecdef
    AND NOT coalesce(p.proconfig::text ~ 'search_path=("?)pg_catalog, pg_temp', false)$$), '', 'every definer function has a fixed search_path');
SELECT t.is(t.list($$SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace IN ('df'::regnamespace, '_duroxide'::regnamespace) AND p.prosecdef AND p.proowner <> 'dfowner'::regrole$$), '', 'and belongs to the installer, who is no superuser');

-- rule: A4.8
SELECT t.is(t.list($$SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace IN ('df'::regnamespace, '_duroxide'::regnamespace) AND p.proconfig::text ~ 'search_path' AND NOT p.proconfig::text ~ 'pg_temp'$$), '', 'pg_temp stands last in every fixed path');
SELECT t.is((SELECT string_agg(proname || ' ' || array_to_string(proconfig, ' '), ', ' ORDER BY proname) FROM pg_proc WHERE pronamespace = 'df'::regnamespace AND proname IN ('duroxide_schema', 'grant_usage', 'revoke_usage', 'if_then_op', 'if_else_op', 'as_op', 'loop_prefix_op')),
    'as_op search_path=pg_catalog, df, pg_temp, duroxide_schema search_path=pg_catalog, pg_temp, grant_usage search_path=pg_catalog, pg_temp, if_else_op search_path=pg_catalog, pg_temp, if_then_op search_path=pg_catalog, pg_temp, loop_prefix_op search_path=pg_catalog, df, pg_temp, revoke_usage search_path=pg_catalog, pg_temp', 'fixed paths');

-- Traps in the caller's path: operators and functions that shadow PostgreSQL's own.
\c - app
CREATE SCHEMA trap;
CREATE FUNCTION trap.springs(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not ok: trapped'; END $$;
CREATE FUNCTION trap.springs(regrole, regrole) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not ok: trapped'; END $$;
CREATE FUNCTION trap.springs(varchar, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not ok: trapped'; END $$;
CREATE OPERATOR trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.springs);
CREATE OPERATOR trap.= (LEFTARG = varchar, RIGHTARG = text, FUNCTION = trap.springs);
CREATE OPERATOR trap.= (LEFTARG = regrole, RIGHTARG = regrole, FUNCTION = trap.springs);
CREATE OPERATOR trap.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = trap.springs);
CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not ok: trapped'; END $$;
CREATE FUNCTION trap.quote_ident(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not ok: trapped'; END $$;
CREATE FUNCTION trap.current_setting(text, bool) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not ok: trapped'; END $$;
CREATE FUNCTION trap.length(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not ok: trapped'; END $$;
SET search_path = trap, pg_catalog, public;
SELECT df.start(df.if('SELECT 1', 'SELECT 2', 'SELECT 3') ~> df.sleep(0) ~> (df.wait_for_signal('s', 1) & df.loop(df.break('1'))), 'trapped') AS id \gset
SELECT df.setvar('a', 'b'), df.getvar('a'), df.unsetvar('a'), df.clearvars(), df.status(:'id'), df.result(:'id'), df.signal(:'id', 'none'), df.explain(:'id') \g /dev/null
SELECT count(*) AS n FROM df.list_instances() \gset
SELECT count(*) AS n FROM df.list_instances(NULL, 5, 'trapped') \gset
SELECT count(*) AS n FROM df.instance_info(:'id'), df.instance_nodes(:'id'), df.instance_executions(:'id') \gset
SELECT df.cancel(:'id') \g /dev/null
RESET search_path;
SELECT t.is(df.status(:'id'), 'cancelled', 'no trap has sprung');

-- rule: A4.6
\c - dfowner
SELECT t.is((SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = 'dfowner'), false, 'the worker''s role has no special right');
SELECT t.ok((SELECT bool_and(usename <> 'postgres') FROM pg_stat_activity WHERE application_name LIKE 'pg_durable:worker:%' AND datname = current_database()), 'and uses none');
SELECT t.is((SELECT string_agg(DISTINCT usename::text, ' ') FROM pg_stat_activity WHERE application_name LIKE 'pg_durable:worker:%' AND application_name NOT LIKE '%workflow-sql' AND datname = current_database()), 'dfowner', 'it logs in as the owner of df');

-- rule: A5.1 R8.7 D-settings
SELECT t.is((SELECT string_agg(s, ' ') FROM (SELECT name || '=' || df._setting(name) AS s FROM unnest(ARRAY['max_management_connections', 'max_duroxide_connections', 'max_user_connections', 'execution_acquire_timeout', 'max_new_transaction_starts', 'new_transaction_start_timeout',
        'enable_superuser_instances', 'list_instances_max_limit', 'retention_days', 'reconcile_interval']) AS short, LATERAL (SELECT 'pg_durable.' || short AS name) n) x),
    'pg_durable.max_management_connections=6 pg_durable.max_duroxide_connections=10 pg_durable.max_user_connections=10 pg_durable.execution_acquire_timeout=30 pg_durable.max_new_transaction_starts=2 pg_durable.new_transaction_start_timeout=5 pg_durable.enable_superuser_instances=off pg_durable.list_instances_max_limit=1000 pg_durable.retention_days=30 pg_durable.reconcile_interval=3600', 'defaults');
SELECT t.throws(format('INSERT INTO df._settings VALUES (%L, %L)', name, value), '%') FROM (VALUES ('pg_durable.max_user_connections', '0'), ('pg_durable.max_user_connections', '1001'), ('pg_durable.max_user_connections', 'ten'), ('pg_durable.retention_days', '-1'),
    ('pg_durable.enable_superuser_instances', 'perhaps'), ('pg_durable.list_instances_max_limit', '1000001'), ('dfsql.http_mode', 'all'), ('dfsql.no_such_setting', '1')) v (name, value);

-- rule: A5.2 A5.3 D-native
-- A forged setting is not refused, as a preloaded library could, but ignored.
\c - app
SET pg_durable.max_new_transaction_starts = 1000;
SELECT t.is(df._setting('pg_durable.max_new_transaction_starts'), '2', 'a session cannot raise a limit');
SET pg_durable.database = 'elsewhere';
SET dfsql.autonomous = on;
SELECT t.is(df._setting('dfsql.autonomous'), 'off', 'nor switch on what only an administrator may');
\c - dfowner
INSERT INTO df._settings VALUES ('pg_durable.list_instances_max_limit', '7');
\c - app
SET pg_durable.list_instances_max_limit = 500;
SELECT t.throws('SELECT * FROM df.list_instances(NULL, 8)', '%pg_durable.list_instances_max_limit (7)%');
