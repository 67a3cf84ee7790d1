-- The assertions of the specification's SQL files: schema t, put into every test database by the harness as superuser.
--
-- A file starts its workflows first and looks at them afterwards, so that their waits overlap:
--
--     SELECT t.gives('what it shows', 'SELECT 1 AS a', '{"rows":[{"a":1}],"row_count":1}');   -- starts, returns the instance id
--     SELECT t.fails('what it shows', 'SELECT 1/0', 'SQL execution failed: ...');
--     SELECT t.check();                                                                       -- awaits them all, compares
--
-- Every assertion raises where it does not hold; psql goes on behind it, and the harness counts the errors. Patterns are those of LIKE,
-- but % is their only wildcard. All functions run as their caller, so they see what the role under test sees.

CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO PUBLIC;

CREATE TABLE t.config (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE t.effects (id serial PRIMARY KEY, what text, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE t.cases (
    n serial PRIMARY KEY, what text NOT NULL, id text NOT NULL, owner text NOT NULL DEFAULT current_user,
    status text NOT NULL, result jsonb, message text
);
GRANT SELECT ON t.config TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON t.effects, t.cases TO PUBLIC;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA t TO PUBLIC;

CREATE FUNCTION t.matches(actual text, pattern text) RETURNS bool LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(actual LIKE replace(replace(pattern, '\', '\\'), '_', '\_'), false)
$$;

CREATE FUNCTION t.ok(holds bool, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF holds IS NOT TRUE THEN
        RAISE EXCEPTION 'not ok: % (got %)', what, coalesce(holds::text, 'NULL');
    END IF;
    RETURN 'ok - ' || what;
END $$;

CREATE FUNCTION t.is(actual anycompatible, expected anycompatible, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF actual IS DISTINCT FROM expected THEN
        RAISE EXCEPTION E'not ok: %\n     got: %\nexpected: %', what, coalesce(actual::text, 'NULL'), coalesce(expected::text, 'NULL');
    END IF;
    RETURN 'ok - ' || what;
END $$;

CREATE FUNCTION t.like(actual text, pattern text, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF NOT t.matches(actual, pattern) THEN
        RAISE EXCEPTION E'not ok: %\n     got: %\nexpected: %', what, coalesce(actual, 'NULL'), pattern;
    END IF;
    RETURN 'ok - ' || what;
END $$;

-- The statement fails, with this message and, where given, this SQLSTATE. What it did is undone.
CREATE FUNCTION t.throws(statement text, pattern text, code text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE statement;
    EXCEPTION WHEN OTHERS THEN
        IF NOT t.matches(SQLERRM, pattern) OR SQLSTATE <> coalesce(code, SQLSTATE) THEN
            RAISE EXCEPTION E'not ok: wrong error from %\n     got: % (%)\nexpected: % (%)',
                statement, SQLERRM, SQLSTATE, pattern, coalesce(code, 'any');
        END IF;
        RETURN 'ok - refused: ' || SQLERRM;
    END;
    RAISE EXCEPTION E'not ok: no error from %\nexpected: %', statement, pattern;
END $$;

CREATE FUNCTION t.http() RETURNS text LANGUAGE sql STABLE AS $$ SELECT value FROM t.config WHERE name = 'http' $$;

-- Waits until the query gives true; every look has a snapshot of its own.
CREATE FUNCTION t.comes(query text, what text, seconds float8 DEFAULT 15) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + make_interval(secs => seconds);
    holds bool;
BEGIN
    LOOP
        PERFORM pg_stat_clear_snapshot();  -- or pg_stat_activity stays as it was at the first look
        EXECUTE query INTO holds;
        IF holds THEN
            RETURN 'ok - ' || what;
        END IF;
        IF clock_timestamp() > until THEN
            RAISE EXCEPTION 'not ok: % (not within % s: %)', what, seconds, query;
        END IF;
        PERFORM pg_sleep(0.03);
    END LOOP;
END $$;

-- The status once it is terminal, or the one that was left when the time was over.
CREATE FUNCTION t.ended(instance text, seconds float8 DEFAULT 25) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + make_interval(secs => seconds);
    found text;
BEGIN
    LOOP
        found := df.status(instance);
        EXIT WHEN found IN ('completed', 'failed', 'cancelled') OR clock_timestamp() > until;
        PERFORM pg_sleep(0.03);
    END LOOP;
    RETURN found;
END $$;

CREATE FUNCTION t.ends(instance text, status text, what text DEFAULT 'ends') RETURNS text LANGUAGE sql AS $$
    SELECT t.is(t.ended(instance), status, what || ': status')
$$;

-- Waits without holding a snapshot, for statements that wait for all snapshots.
CREATE PROCEDURE t.settle(instance text, seconds float8 DEFAULT 25) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + make_interval(secs => seconds);
BEGIN
    WHILE df.status(instance) IN ('pending', 'running') AND clock_timestamp() < until LOOP
        COMMIT;
        PERFORM pg_sleep(0.03);
        COMMIT;
    END LOOP;
END $$;

CREATE FUNCTION t.result(instance text) RETURNS jsonb LANGUAGE sql AS $$ SELECT df.result(instance)::jsonb $$;

-- What the instance left as text: its exact result, its error or the reason of its cancellation.
CREATE FUNCTION t.output(instance text) RETURNS text LANGUAGE sql AS $$ SELECT output FROM df.instance_info(instance) $$;

CREATE TYPE t.node_row AS (
    ord int8, id text, type text, query text, name text, status text, result jsonb, error text, stamp text,
    inferred text, inferred_from text
);

-- The nodes as a reader counts them: from the root down, left before right, then condition and extra branches.
CREATE FUNCTION t.nodes(instance text) RETURNS SETOF t.node_row LANGUAGE sql AS $$
    WITH RECURSIVE walk AS (
        SELECT i.root_node::text AS id, ARRAY[0] AS path FROM df.instances i WHERE i.id = instance
        UNION ALL
        SELECT child.id, walk.path || child.n::int
        FROM walk JOIN df.nodes n ON n.instance_id = instance AND n.id = walk.id
        CROSS JOIN LATERAL (
            SELECT n.left_node::text, 1 WHERE n.left_node IS NOT NULL
            UNION ALL SELECT n.right_node::text, 2 WHERE n.right_node IS NOT NULL
            UNION ALL SELECT substring(n.query from '"condition_node" *: *"([0-9a-f]{8})"'), 3
                WHERE n.node_type IN ('IF', 'LOOP') AND n.query ~ '"condition_node" *: *"[0-9a-f]{8}"'
            UNION ALL SELECT e.id[1], 3 + e.at
                FROM regexp_matches(n.query, '"([0-9a-f]{8})"', 'g') WITH ORDINALITY AS e (id, at) WHERE n.node_type = 'JOIN'
        ) AS child (id, n)
    )
    SELECT row_number() OVER (ORDER BY w.path), n.id::text, n.node_type, n.query, n.result_name, n.status, n.result, n.error,
        n.status_details ->> 'execution_id', d.inferred_status, d.inferred_status_from_ancestor_id
    FROM walk w
    JOIN df.nodes n ON n.instance_id = instance AND n.id = w.id
    LEFT JOIN df.instance_nodes(instance) d ON d.node_id = w.id
$$;

-- The n-th node of a type.
CREATE FUNCTION t.node(instance text, type text, n int DEFAULT 1) RETURNS t.node_row LANGUAGE sql AS $$
    SELECT x FROM t.nodes(instance) x WHERE (x).type = node.type ORDER BY (x).ord OFFSET n - 1 LIMIT 1
$$;

CREATE FUNCTION t.gives(what text, graph text, result jsonb, label text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    instance text := df.start(graph, label);
BEGIN
    INSERT INTO t.cases (what, id, status, result) VALUES (what, instance, 'completed', result);
    RETURN instance;
END $$;

CREATE FUNCTION t.fails(what text, graph text, message text, label text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    instance text := df.start(graph, label);
BEGIN
    INSERT INTO t.cases (what, id, status, message) VALUES (what, instance, 'failed', message);
    RETURN instance;
END $$;

-- Awaits what t.gives and t.fails of this role have started since the last t.check.
CREATE FUNCTION t.check(seconds float8 DEFAULT 30) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + make_interval(secs => seconds);
    want record;
    status text;
    problems text := '';
BEGIN
    FOR want IN DELETE FROM t.cases WHERE owner = current_user RETURNING * LOOP
        status := t.ended(want.id, greatest(0, extract(epoch FROM until - clock_timestamp())));
        IF status IS DISTINCT FROM want.status THEN
            problems := problems || format(E'\nnot ok: %s\n     got: %s, %s\nexpected: %s, %s', want.what, status,
                t.output(want.id), want.status, coalesce(want.result::text, want.message));
        ELSIF t.result(want.id) IS DISTINCT FROM want.result THEN
            problems := problems || format(E'\nnot ok: %s\n     got: %s\nexpected: %s', want.what,
                coalesce(df.result(want.id), 'NULL'), coalesce(want.result::text, 'NULL'));
        ELSIF want.status = 'completed' AND t.output(want.id)::jsonb IS DISTINCT FROM want.result THEN
            problems := problems || format(E'\nnot ok: %s: output\n     got: %s\nexpected: %s', want.what,
                coalesce(t.output(want.id), 'NULL'), want.result);
        ELSIF want.status = 'failed' AND NOT t.matches(t.output(want.id), want.message) THEN
            problems := problems || format(E'\nnot ok: %s\n     got: %s\nexpected: %s', want.what,
                coalesce(t.output(want.id), 'NULL'), want.message);
        ELSE
            RETURN NEXT 'ok - ' || want.what;
        END IF;
    END LOOP;
    IF problems <> '' THEN
        RAISE EXCEPTION '%', problems;
    END IF;
END $$;

-- What a query gives as one line of text, rows joined by commas; for looking at what another role sees.
CREATE FUNCTION t.list(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    EXECUTE format('SELECT string_agg(q::text, %L) FROM (%s) AS q', ',', query) INTO found;
    RETURN coalesce(found, '');
END $$;
