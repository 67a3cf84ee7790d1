-- Workflows that a step starts.

-- rule: R2.52 A3.6
SELECT df.setvar('v', 'now') \g /dev/null
SELECT t.gives('a child', $$SELECT df.start('SELECT ' || quote_literal('{' || 'v}') || ' AS v', 'kid') AS id$$, NULL) AS parent \gset
DELETE FROM t.cases;
SELECT df.setvar('v', 'later') \g /dev/null
SELECT t.ends(:'parent', 'completed', 'the parent');
SELECT t.result(:'parent') #>> '{rows,0,id}' AS kid \gset
SELECT t.ok(:'kid' ~ '^[0-9a-f]{8}$', 'its step returns an id');
SELECT t.ends(:'kid', 'completed', 'the child');
SELECT t.is((SELECT row(label, submitted_by)::text FROM df.instances WHERE id = :'kid'), '(kid,app)', 'has its own label and the same role');

-- rule: R2.53
CREATE TABLE child AS
SELECT df.start($$SELECT 5 AS n$$ |=> 'x' ~> $$SELECT df.start('SELECT $x AS n, ''$y'' AS y') AS id$$) AS id;
SELECT t.fails('a text value ends the inner literal', $$SELECT 'abc' AS n$$ |=> 'x' ~> $$SELECT df.start('SELECT $x AS n')$$, 'SQL execution failed: %');

-- rule: R2.54 A3.6
SELECT t.fails(call, 'SELECT ' || call, 'SQL execution failed: error returned from database: ' || message) FROM (VALUES
    ('df.setvar(''a'', ''b'')', 'df.setvar() cannot be called inside a workflow - set variables before starting the workflow'),
    ('df.unsetvar(''a'')', 'df.unsetvar() cannot be called inside a workflow - manage variables before starting the workflow'),
    ('df.clearvars()', 'df.clearvars() cannot be called inside a workflow - manage variables before starting the workflow'),
    ('df.await_instance(''00000000'')', 'df.await_instance() cannot be called inside a workflow - it would block a worker thread (and self-deadlock if waiting on the current instance). Use df.signal() and df.wait_for_signal() for cross-workflow coordination.'),
    ('df.wait_for_completion(''00000000'')', 'df.await_instance() cannot be called inside a workflow - it would block a worker thread (and self-deadlock if waiting on the current instance). Use df.signal() and df.wait_for_signal() for cross-workflow coordination.'),
    ('df.start(''SELECT 1'', transaction_mode => ''new'')', 'df.start() with transaction_mode => ''new'' cannot be called inside a workflow - a df.sql() node already runs as a single autocommitted statement, so a plain df.start() there is already independent of any caller transaction')) v (call, message);
SELECT t.gives('what a step may call', 'SELECT 0' ~> $$SELECT df.getvar('v') AS g, df.status('{sys_instance_id}') AS s, df.result('{sys_instance_id}') AS r, (SELECT count(*) FROM df.instance_nodes('{sys_instance_id}')) AS n$$,
    '{"rows":[{"g":"later","s":"running","r":null,"n":3}],"row_count":1}');

-- A step signals another instance, and cancels one.
SELECT df.start(df.wait_for_signal('from a step', 20)) AS waiting \gset
SELECT df.start(df.sleep(100)) AS sleeping \gset
SELECT t.gives('df.signal and df.cancel in a step', format($$SELECT df.signal(%L, 'from a step', '7') AS s, df.cancel(%L, 'by a step') AS c$$, :'waiting', :'sleeping'),
    format('{"rows":[{"s":"OK","c":"Instance %s cancelled: by a step"}],"row_count":1}', :'sleeping')::jsonb);

SELECT t.check();
SELECT t.ends(:'waiting', 'completed', 'signalled by a step');
SELECT t.is(df.status(:'sleeping'), 'cancelled', 'cancelled by a step');
SELECT t.ends(id, 'completed', 'the parent') FROM child;
SELECT t.result(id) #>> '{rows,0,id}' AS kid FROM child \gset
SELECT t.is((SELECT query FROM df.nodes WHERE instance_id = :'kid'), 'SELECT 5 AS n, ''$y'' AS y', 'the parent''s names are replaced, others pass');
SELECT t.ends(:'kid', 'completed', 'the child');
