-- Variables, and helpers that are no steps.

-- rule: A2.9
SELECT t.is(df.setvar('a', '1'), 'OK', 'set');
SELECT t.is(df.setvar('a', '2'), 'OK', 'set again');
SELECT t.is(df.setvar('any name, even '' this', 'x'), 'OK', 'any name');
SELECT t.is(df.getvar('a'), '2', 'get');
SELECT t.is(df.getvar('none'), NULL, 'get of nothing');
SELECT t.is((SELECT owner::text FROM df.vars WHERE name = 'a'), 'app', 'the owner');
BEGIN;
SELECT df.setvar('a', '3') \g /dev/null
ROLLBACK;
SELECT t.is(df.getvar('a'), '2', 'in the caller''s transaction');
\c - other
SELECT t.is(df.getvar('a'), NULL, 'not others''');
SELECT t.is(df.setvar('a', 'other'), 'OK', 'the same name');
\c - dfowner
SELECT t.is(df.getvar('a'), NULL, 'also for roles that see all rows');
SELECT t.is(df.clearvars(), 'OK', 'clear');
\c - app
SELECT t.is(df.getvar('a'), '2', 'is only one''s own');
SELECT t.is(df.unsetvar('a'), 'OK', 'unset');
SELECT t.is(df.unsetvar('a'), 'OK', 'unset of nothing');
SELECT t.is((SELECT count(*) FROM df.vars), 1, 'one left');
SELECT t.is(df.clearvars(), 'OK', 'clear');
SELECT t.is((SELECT count(*) FROM df.vars), 0, 'none left');

-- rule: A2.11
SELECT t.throws($$SELECT df.start(df.setvar('a', 'b'))$$, 'Invalid durable function: df.setvar cannot be used as a workflow step. Call df.setvar before df.start().');
SELECT t.throws($$SELECT 'SELECT 1' ~> df.clearvars()$$, 'df.clearvars cannot be used as a workflow step. Call df.clearvars before df.start().');
SELECT t.throws($$SELECT df.unsetvar('a') & 'SELECT 1'$$, 'df.unsetvar cannot be used as a workflow step. Call df.unsetvar before df.start().');
DO $$
BEGIN
    PERFORM df.setvar('a', 'b');
    PERFORM df.start('SELECT 1');
    RAISE EXCEPTION 'not ok: the guard holds for the whole statement';
EXCEPTION WHEN OTHERS THEN
    IF SQLERRM <> 'Invalid durable function: df.setvar cannot be used as a workflow step. Call df.setvar before df.start().' THEN
        RAISE EXCEPTION 'not ok: %', SQLERRM;
    END IF;
END $$;
BEGIN;
SELECT df.setvar('a', 'b') \g /dev/null
SELECT df.start('SELECT 1 AS n') AS id \gset
COMMIT;
SELECT t.ends(:'id', 'completed', 'the next statement of the same transaction is free');
