-- The states that are derived when somebody looks: rows written by hand, as a worker would leave them.

\c - dfowner
BEGIN;
-- rule: A2.8
INSERT INTO df.instances (id, root_node, submitted_by, status) VALUES ('000000aa', '00000001', 'dfowner', 'completed'), ('000000bb', '00000001', 'dfowner', 'completed'), ('000000cc', '00000001', 'dfowner', 'completed');
-- a JOIN of a loop in its third generation (an IF with two arms) and a race whose loser is still written running
INSERT INTO df.nodes (id, instance_id, node_type, query, left_node, right_node, status, submitted_by, status_details) VALUES
    ('00000001', '000000aa', 'JOIN', '{"extra_nodes":["00000009"]}', '00000002', '00000006', 'running', 'dfowner', '{"execution_id":"000000aa::1"}'),
    ('00000002', '000000aa', 'LOOP', NULL, '00000003', NULL, 'running', 'dfowner', '{"execution_id":"000000aa::1::00000002::3"}'),
    ('00000003', '000000aa', 'IF', '{"condition_node":"0000000a"}', '00000004', '00000005', 'completed', 'dfowner', '{"execution_id":"000000aa::1::00000002::2"}'),
    ('00000004', '000000aa', 'SQL', 'x', NULL, NULL, 'completed', 'dfowner', '{"execution_id":"000000aa::1::00000002::1"}'),
    ('00000005', '000000aa', 'SQL', 'x', NULL, NULL, 'running', 'dfowner', '{"execution_id":"000000aa::1::00000002::2"}'),
    ('0000000a', '000000aa', 'SQL', 'x', NULL, NULL, 'completed', 'dfowner', '{"execution_id":"000000aa::1::00000002::3"}'),
    ('00000006', '000000aa', 'RACE', NULL, '00000007', '00000008', 'completed', 'dfowner', '{"execution_id":"000000aa::1::00000006::1"}'),
    ('00000007', '000000aa', 'SQL', 'x', NULL, NULL, 'completed', 'dfowner', '{"execution_id":"000000aa::1::00000006::1::00000007::1"}'),
    ('00000008', '000000aa', 'SLEEP', '9', NULL, NULL, 'running', 'dfowner', '{"execution_id":"000000aa::1::00000006::1::00000008::1"}'),
    ('00000009', '000000aa', 'SQL', 'x', NULL, NULL, 'running', 'dfowner', '"no stamp"'),
    -- a failed sequence; stamps that cannot be read
    ('00000001', '000000bb', 'THEN', NULL, '00000002', '00000003', 'failed', 'dfowner', '{"execution_id":"000000bb::1"}'),
    ('00000002', '000000bb', 'SQL', 'x', NULL, NULL, 'failed', 'dfowner', '{"execution_id":"000000bb::x"}'),
    ('00000003', '000000bb', 'SQL', 'x', NULL, NULL, 'pending', 'dfowner', NULL),
    ('00000004', '000000bb', 'SQL', 'x', NULL, NULL, 'completed', 'dfowner', NULL),
    -- a loop that has ended inside a child scope whose parent has moved on
    ('00000001', '000000cc', 'LOOP', NULL, '00000002', NULL, 'running', 'dfowner', '{"execution_id":"000000cc::2"}'),
    ('00000002', '000000cc', 'THEN', NULL, '00000003', '00000004', 'completed', 'dfowner', '{"execution_id":"000000cc::1"}'),
    ('00000003', '000000cc', 'LOOP', NULL, '00000005', NULL, 'completed', 'dfowner', '{"execution_id":"000000cc::1::00000003::4"}'),
    ('00000004', '000000cc', 'SQL', 'x', NULL, NULL, 'running', 'dfowner', '{"execution_id":"000000cc::1"}'),
    ('00000005', '000000cc', 'SQL', 'x', NULL, NULL, 'completed', 'dfowner', '{"execution_id":"000000cc::1::00000003::4"}');
COMMIT;
SELECT t.is((SELECT string_agg(node_id || ' ' || inferred_status || coalesce(' ' || inferred_status_from_ancestor_id, ''), ', ' ORDER BY node_id) FROM df.instance_nodes('000000aa')),
    '00000001 running, 00000002 running, 00000003 pending 00000002, 00000004 pending 00000002, 00000005 running, 00000006 completed, 00000007 completed, 00000008 skipped 00000006, 00000009 running, 0000000a completed', 'a running join');
SELECT t.is((SELECT string_agg(node_id || ' ' || inferred_status || coalesce(' ' || inferred_status_from_ancestor_id, ''), ', ' ORDER BY node_id) FROM df.instance_nodes('000000bb')),
    '00000001 failed, 00000002 failed, 00000003 skipped 00000001, 00000004 completed', 'a failed sequence, and a node that nothing leads to');
SELECT t.is((SELECT string_agg(node_id || ' ' || inferred_status || coalesce(' ' || inferred_status_from_ancestor_id, ''), ', ' ORDER BY node_id) FROM df.instance_nodes('000000cc')),
    '00000001 running, 00000002 pending 00000001, 00000003 pending 00000001, 00000004 running, 00000005 pending 00000003', 'generations are handed down');

-- rule: R1.12 R1.17
-- In life: a cancelled instance's running nodes stay running.
\c - app
SELECT df.start(df.sleep(100)) AS id \gset
SELECT t.comes(format('SELECT (t.node(%L, ''SLEEP'')).status = ''running''', :'id'), 'it sleeps');
SELECT df.cancel(:'id') \g /dev/null
SELECT t.is((t.node(:'id', 'SLEEP')).inferred, 'running', 'running, though cancelled');
