-- df.start with transaction_mode => 'new': another session, which commits by itself.

-- rule: A3.7
-- Without a way to open that session there is a clear error, and never a start in the caller's transaction instead.
SELECT t.throws($$SELECT df.start('SELECT 1', 'none', NULL, 'new')$$, '%');
SELECT t.is((SELECT count(*) FROM df.instances), 0, 'nothing was started');

\c - postgres
CREATE EXTENSION dblink;
GRANT EXECUTE ON FUNCTION dblink_connect_u(text, text) TO dfowner;
GRANT USAGE ON SCHEMA public TO dfowner;
\c - app

-- rule: A3.7 M10 M15 R1.2 D-transactional
BEGIN;
SELECT df.start('SELECT 5 AS n', 'independent', NULL, 'NEW') AS id \gset
SELECT t.is((SELECT count(*) FROM df.instances WHERE id = :'id'), 1, 'the caller sees it at once');
ROLLBACK;
SELECT t.ends(:'id', 'completed', 'it survives the rollback');
SELECT t.is((SELECT submitted_by::text FROM df.instances WHERE id = :'id'), 'app', 'as the same role');
BEGIN;
SELECT df.setvar('v', 'uncommitted') \g /dev/null
SELECT df.start($$SELECT '{v}' AS v$$, NULL, NULL, 'new') AS vars \gset
ROLLBACK;
SELECT t.ends(:'vars', 'completed', 'variables');
SELECT t.is(t.result(:'vars'), '{"rows":[{"v":"{v}"}],"row_count":1}', 'only committed ones');
SELECT t.throws($$SELECT df.start('{"node_type":"DANCE"}', NULL, NULL, 'new')$$, 'df.start() on new transaction failed: Invalid durable function: Unknown node_type ''DANCE''%');
SELECT t.is((SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1346982470), 0, 'no slot is held after a failure');
