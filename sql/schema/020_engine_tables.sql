-- The engine's own relations. Schema _duroxide keeps the name under which clients of the reference look for the readiness relation.
--
-- One instance is one row in runs (what was accepted: never changes but for graph, generation and the outcome) and, while it lives, one
-- row in scopes for each sequential line of execution. The root scope's row (scope_id = instance id) is the queue entry: an instance that
-- no worker holds (worker IS NULL) and whose due_at has come may be claimed. Everything here is written by the worker's checkpoint
-- functions, but for two doors under row security: df.start inserts into runs, df.signal and df.cancel insert into inbox.
--
-- A scope's id is its lineage: {instance}::{generation}::{node}::... with instance and node of exactly eight characters. So an id and
-- everything below it are one range of the index: from id up to id || ':;', the first text behind all that go on with '::'.

CREATE SCHEMA _duroxide;
GRANT USAGE ON SCHEMA _duroxide TO PUBLIC;

-- Users write this column themselves, and every worker must be able to read it: an object of texts without U+0000 and half characters.
CREATE FUNCTION _duroxide.is_vars(p_vars pg_catalog.json) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE
AS $$
BEGIN
    RETURN p_vars::pg_catalog.text OPERATOR(pg_catalog.=) '{}'
        OR CASE WHEN pg_catalog.jsonb_typeof(p_vars::pg_catalog.jsonb) OPERATOR(pg_catalog.=) 'object'
                THEN NOT EXISTS (SELECT FROM pg_catalog.jsonb_each(p_vars::pg_catalog.jsonb) v
                                 WHERE pg_catalog.jsonb_typeof(v.value) OPERATOR(pg_catalog.<>) 'string')
                ELSE false END;
END
$$;

CREATE TABLE _duroxide.runs (
    instance_id  pg_catalog.varchar(8) PRIMARY KEY,
    submitted_by pg_catalog.oid NOT NULL,
    vars         pg_catalog.json NOT NULL DEFAULT '{}'      -- captured by df.start: {"name": "value"}
                 CONSTRAINT runs_vars_chk CHECK (_duroxide.is_vars(vars)),
    retry_of     pg_catalog.varchar(8),                     -- the failed instance that this one goes on from
    graph        pg_catalog.json,                           -- frozen by the worker that loads the instance; see read_graph
    generation   pg_catalog.int8 NOT NULL DEFAULT 1,        -- of the root scope
    started_at   pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),  -- of this generation
    ended_at     pg_catalog.timestamptz,
    outcome      pg_catalog.text CHECK (outcome IN ('completed', 'failed', 'cancelled')),
    output       pg_catalog.text                            -- result text, error text or 'canceled: <reason>'
) WITH (fillfactor = 50);

CREATE TABLE _duroxide.scopes (
    scope_id   pg_catalog.text COLLATE "C" PRIMARY KEY,
    worker     pg_catalog.uuid,                             -- root row only: who holds the instance
    token      pg_catalog.uuid,                             -- fencing token, the same on all scopes of an instance
    due_at     pg_catalog.timestamptz,                      -- root row only: not before this time; NULL = ended
    generation pg_catalog.int8 NOT NULL DEFAULT 1,
    position   pg_catalog.varchar(8),                       -- the node that ended last in this generation
    carry      pg_catalog.text,                             -- JSON: results that the walk needs to go on from there
    wait_node  pg_catalog.varchar(8),                       -- the node this scope is parked at
    wait_until pg_catalog.timestamptz,                      -- when the wait ends by itself; NULL = never
    attempts   pg_catalog.int4 NOT NULL DEFAULT 0,          -- transient failures in a row of the step behind position
    intent     pg_catalog.varchar(8),                       -- the at-least-once node that may be under way
    ended      pg_catalog.text                              -- JSON of a branch that has ended: {"status":..., "text":...}
) WITH (fillfactor = 20);                                   -- updated by every step: keep it HOT

CREATE INDEX scopes_due ON _duroxide.scopes (due_at) WHERE worker IS NULL AND due_at IS NOT NULL;

CREATE TABLE _duroxide.bindings (
    scope_id pg_catalog.text COLLATE "C" NOT NULL,
    name     pg_catalog.text COLLATE "C" NOT NULL,
    value    pg_catalog.text NOT NULL,                      -- the result text with its key order
    PRIMARY KEY (scope_id, name)
);

CREATE TABLE _duroxide.executions (
    instance_id  pg_catalog.varchar(8) NOT NULL,
    execution_id pg_catalog.int8 NOT NULL,
    started_at   pg_catalog.timestamptz NOT NULL,
    ended_at     pg_catalog.timestamptz NOT NULL,
    PRIMARY KEY (instance_id, execution_id)
);

CREATE TABLE _duroxide.inbox (
    id          pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id pg_catalog.varchar(8) NOT NULL,
    kind        pg_catalog.text NOT NULL CHECK (kind IN ('signal', 'cancel')),
    name        pg_catalog.text NOT NULL,                   -- the signal's name; the reason of a cancel
    payload     pg_catalog.text NOT NULL DEFAULT 'null',    -- JSON text of a signal
    sent_by     pg_catalog.oid NOT NULL,
    sent_at     pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    kept        pg_catalog.bool NOT NULL DEFAULT false,     -- accepted, no wait of that name was pending
    for_scope   pg_catalog.text,                            -- one of several copies, for the wait in this scope alone
    CONSTRAINT inbox_message_of_at_most_16_mib_chk
        CHECK (pg_catalog.octet_length(name) OPERATOR(pg_catalog.+) pg_catalog.octet_length(payload) OPERATOR(pg_catalog.<=) 16777216)
) WITH (fillfactor = 70);

CREATE INDEX inbox_instance ON _duroxide.inbox (instance_id, id);
CREATE INDEX inbox_new ON _duroxide.inbox (id) WHERE NOT kept;

-- The doors. Row security lets a role write only what concerns its own instances, so no helper needs to know who calls.

ALTER TABLE _duroxide.runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY runs_own ON _duroxide.runs
    USING (submitted_by OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole::pg_catalog.oid)
    WITH CHECK (submitted_by OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole::pg_catalog.oid
        AND EXISTS (SELECT FROM df.instances i
                    WHERE i.id OPERATOR(pg_catalog.=) instance_id
                      AND i.submitted_by OPERATOR(pg_catalog.=) runs.submitted_by::pg_catalog.regrole));
GRANT SELECT (instance_id, submitted_by, retry_of, generation, started_at, ended_at, outcome, output),
      INSERT (instance_id, submitted_by, vars, retry_of) ON _duroxide.runs TO PUBLIC;

ALTER TABLE _duroxide.inbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY inbox_own ON _duroxide.inbox FOR INSERT
    WITH CHECK (sent_by OPERATOR(pg_catalog.=) pg_catalog.quote_ident(current_user)::pg_catalog.regrole::pg_catalog.oid
        AND EXISTS (SELECT FROM df.instances i WHERE i.id OPERATOR(pg_catalog.=) instance_id));
GRANT INSERT (instance_id, kind, name, payload, sent_by) ON _duroxide.inbox TO PUBLIC;

ALTER TABLE _duroxide.scopes ENABLE ROW LEVEL SECURITY;
ALTER TABLE _duroxide.bindings ENABLE ROW LEVEL SECURITY;
ALTER TABLE _duroxide.executions ENABLE ROW LEVEL SECURITY;
CREATE POLICY executions_own ON _duroxide.executions FOR SELECT
    USING (EXISTS (SELECT FROM _duroxide.runs r WHERE r.instance_id OPERATOR(pg_catalog.=) executions.instance_id));
GRANT SELECT ON _duroxide.executions TO PUBLIC;
