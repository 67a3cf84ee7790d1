-- What must hold in a database with schema df whose instances have all ended, whatever has crashed meanwhile. One row per violation:
-- the rule, and where. No row is what one wants to see. The table `effects` (instance, step) is the test's own: one row per executed step.
--
-- Read as the owner of schema df or a superuser, so that row security hides nothing.

-- Nothing lost: every accepted instance is in the end completed, failed or cancelled, for users and for the engine, and both agree.
SELECT 'every instance has ended' AS rule, i.id || ' is ' || i.status AS place
FROM df.instances i WHERE i.status NOT IN ('completed', 'failed', 'cancelled')
UNION ALL
SELECT 'every instance has an outcome', r.instance_id FROM _duroxide.runs r WHERE r.outcome IS NULL OR r.ended_at IS NULL
UNION ALL
SELECT 'instances and outcomes agree', coalesce(i.id, r.instance_id) || ': ' || coalesce(i.status, 'none') || ', ' || coalesce(r.outcome, 'none')
FROM df.instances i FULL JOIN _duroxide.runs r ON r.instance_id = i.id WHERE i.status IS DISTINCT FROM r.outcome
UNION ALL
-- A completed instance has completed its root node, and none of its nodes is left running or has failed but for lost branches of races.
SELECT 'a completed instance has a completed root', i.id || ': ' || coalesce(n.status, 'none')
FROM df.instances i LEFT JOIN df.nodes n ON n.instance_id = i.id AND n.id = i.root_node
WHERE i.status = 'completed' AND n.status IS DISTINCT FROM 'completed'
UNION ALL
SELECT 'no node of a chain is left behind', n.instance_id || '/' || n.id || ' is ' || n.status
FROM df.nodes n JOIN df.instances i ON i.id = n.instance_id
WHERE i.status = 'completed' AND n.node_type IN ('SQL', 'THEN') AND n.status <> 'completed'
  AND NOT EXISTS (SELECT FROM df.nodes o WHERE o.instance_id = i.id AND o.node_type NOT IN ('SQL', 'THEN'))
UNION ALL
-- Nothing doubled: a step leaves its row at most once (steps of loops number their rows themselves).
SELECT 'no step is doubled', e.instance || ' ' || e.step || ': ' || count(*)
FROM effects e GROUP BY e.instance, e.step HAVING count(*) > 1
UNION ALL
SELECT 'an effect belongs to a completed node', e.instance || ' ' || e.step
FROM effects e JOIN df.instances i ON i.id = e.instance
WHERE i.status = 'completed' AND NOT EXISTS (SELECT FROM df.nodes n WHERE n.instance_id = e.instance AND n.status = 'completed'
                                             AND n.query LIKE '%''' || e.step || '''%')
UNION ALL
SELECT 'a completed node has left its effect', n.instance_id || '/' || n.id
FROM df.nodes n
WHERE n.status = 'completed' AND n.node_type = 'SQL' AND n.query LIKE 'INSERT INTO effects %'
  AND NOT EXISTS (SELECT FROM effects e WHERE e.instance = n.instance_id AND n.query LIKE '%''' || e.step || '''%')
UNION ALL
-- Nothing is left in the engine: no queue entry, no binding, no message, nobody holds anything.
SELECT 'a completed instance leaves no scopes', s.scope_id
FROM _duroxide.scopes s JOIN _duroxide.runs r ON r.instance_id = left(s.scope_id, 8) WHERE r.outcome = 'completed'
UNION ALL
SELECT 'an ended instance is in no queue and nobody''s', s.scope_id
FROM _duroxide.scopes s WHERE s.due_at IS NOT NULL OR s.worker IS NOT NULL OR s.token IS NOT NULL
UNION ALL
SELECT 'a completed instance leaves no bindings', b.scope_id || ' ' || b.name
FROM _duroxide.bindings b JOIN _duroxide.runs r ON r.instance_id = left(b.scope_id, 8) WHERE r.outcome = 'completed'
UNION ALL
SELECT 'no message is left', m.instance_id || ' ' || m.kind || ' ' || m.name FROM _duroxide.inbox m
ORDER BY 1, 2;
