-- How failures travel, their texts, and what is retried.

CREATE TABLE uniq (n int PRIMARY KEY);
CREATE TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);

-- rule: R6.1
SELECT t.fails('prefixes add up', 'SELECT 1' & ('SELECT 2' & 'SELECT 1/0'), 'JOIN branch 2 failed: JOIN branch 2 failed: SQL execution failed: error returned from database: division by zero');
SELECT t.fails('a loop in a join in a race', df.race(df.sleep(20), 'SELECT 1' ~> df.loop('SELECT 1/0')),
    'RACE right branch failed: Loop sub-orchestration failed: SQL execution failed: error returned from database: division by zero');
SELECT t.fails('IF and THEN add nothing', df.if('SELECT true', 'SELECT 1' ~> 'SELECT 1/0', 'SELECT 2'), 'SQL execution failed: error returned from database: division by zero');

-- rule: R6.3
SELECT t.fails('a duplicate key', 'INSERT INTO uniq VALUES (1), (1)', 'SQL execution failed: error returned from database: duplicate key value violates unique constraint "uniq_pkey"');
SELECT t.fails('an error at the commit', 'INSERT INTO late VALUES (1), (1)', 'SQL execution failed: error returned from database: duplicate key value violates unique constraint "late_n_key"');
SELECT t.fails('a raised error', $$DO $d$ BEGIN RAISE EXCEPTION 'my text' USING HINT = 'no hint', DETAIL = 'no detail'; END $d$ $$, 'SQL execution failed: error returned from database: my text');
SELECT t.fails('a syntax error', 'SELEC 1', 'SQL execution failed: error returned from database: syntax error at or near "SELEC"');

-- rule: R6.2 D-retries
-- Transient errors are tried again: here the first two tries say they lost a race for a lock.
CREATE FUNCTION flaky(code text, sequence regclass, times int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE n bigint := nextval(sequence);
BEGIN
    IF n <= times THEN
        RAISE EXCEPTION 'try %', n USING ERRCODE = code;
    END IF;
    RETURN n;
END $$;
CREATE SEQUENCE s1; CREATE SEQUENCE s2; CREATE SEQUENCE s3;
SELECT t.gives('serialization failures are retried', $$SELECT flaky('40001', 's1', 2) AS n$$, '{"rows":[{"n":3}],"row_count":1}');
SELECT t.gives('deadlocks are retried', $$SELECT flaky('40P01', 's2', 1) AS n$$, '{"rows":[{"n":2}],"row_count":1}');
SELECT t.fails('other errors are not', $$SELECT flaky('P0001', 's3', 1) AS n$$, 'SQL execution failed: error returned from database: try 1');

-- rule: D-terminated
SELECT df.start($$SELECT 'terminate me', pg_sleep(1.5)$$ ~> 'SELECT 5 AS n') AS shot \gset
\c - postgres
SELECT t.comes($$SELECT coalesce((SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%terminate me%' AND state = 'active' AND pid <> pg_backend_pid() AND usename = 'app'), false)$$, 'its backend is terminated');
\c - app

SELECT t.check();
SELECT t.is((SELECT count(*) FROM uniq), 0, 'nothing of a failed step stays');
SELECT t.is((SELECT count(*) FROM late), 0, 'nor when the commit fails');
SELECT t.ends(:'shot', 'completed', 'a step whose backend was terminated');
SELECT t.is(t.result(:'shot'), '{"rows":[{"n":5}],"row_count":1}', 'is run again');
