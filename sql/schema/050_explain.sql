-- df.explain: what an input is, and its text.
--
-- The input is the id of an instance, an envelope, an SQL statement, or an expression of the language. An expression is evaluated, as its
-- caller and under the caller's search_path (that is why df.explain has none of its own): with whatever effects it has. Problems come back
-- as text; only errors of the evaluation itself are raised. 051 lays out the tree, 052 is about instances.

-- White space as Unicode has it.
CREATE FUNCTION df._blanks() RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN E' \t\n\v\f\r\u0085\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000';

-- The text without leading white space and comments.
CREATE FUNCTION df._first_token(input pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rest text := input;
    mark text;
    depth int4;
BEGIN
    LOOP
        rest := regexp_replace(rest, '^(\s|--[^\n]*)+', '');
        EXIT WHEN NOT starts_with(rest, '/*');
        depth := 0;
        LOOP                            -- such comments nest
            mark := substring(rest FROM '/\*|\*/');
            EXIT WHEN mark IS NULL;
            rest := substr(rest, strpos(rest, mark) + 2);
            depth := depth + CASE mark WHEN '/*' THEN 1 ELSE -1 END;
            EXIT WHEN depth = 0;
        END LOOP;
        EXIT WHEN mark IS NULL;
    END LOOP;
    RETURN rest;
END
$$;

-- Whether an input is an expression: it begins like one, or holds an operator that nothing else needs.
CREATE FUNCTION df._is_expression(input pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN df._first_token(input) ~* '^(''|[en]''|u&''|\$([a-z_\x80-\uffff][a-z_0-9\x80-\uffff]*)?\$|\(|@>|df\s*\.|"df"\s*\.)'
        OR input ~ '~>|\|=>|\?>|!>|@>|df\.';
END
$$;

-- Whether an input begins with one of the words of SQL statements that we know.
CREATE FUNCTION df._is_statement(input pg_catalog.text) RETURNS pg_catalog.bool
LANGUAGE plpgsql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN upper(left(input, 20)) ~ ('^((SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|CALL|DO|TRUNCATE|GRANT|REVOKE|EXPLAIN) '
                                     '|(SELECT|INSERT|UPDATE|DELETE|WITH)\n)');
END
$$;

-- The tree of an envelope; a graph that breaks a rule gives that rule's text.
CREATE FUNCTION df._explain_envelope(envelope pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN df._tree_text(ARRAY(SELECT g FROM df._read_graph(envelope) AS g));
EXCEPTION WHEN SQLSTATE 'DF010' THEN
    RETURN sqlerrm;
END
$$;

-- The tree of what an expression gave.
CREATE FUNCTION df._explain_result(result pg_catalog.json) RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    envelope text := result #>> '{}';
    node df._decoded;
BEGIN
    IF envelope IS NULL THEN
        RETURN 'Expression returned NULL';
    ELSIF json_typeof(result) <> 'string' THEN
        RETURN format('Failed to evaluate expression: the result is of type %s, not text', json_typeof(result));
    END IF;
    node := df._decode(envelope);
    IF node.node_type IS NOT NULL AND node.problem IS NULL THEN
        RETURN df._explain_envelope(envelope);
    END IF;
    RETURN 'Failed to parse Durofut JSON: failed to deserialize Durofut: ' || CASE
        WHEN node.problem IS NOT NULL THEN node.problem
        WHEN df._json(envelope) IS NULL THEN df._json_problem(envelope)
        ELSE format('invalid type: %s, expected struct Durofut', df._described(df._json(envelope)))
             || df._place(envelope, length(envelope)) END;
END
$$;

CREATE FUNCTION df.explain(input pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
AS $$
DECLARE
    expression pg_catalog.text := pg_catalog.btrim(input, df._blanks());
    node df._decoded := df._decode(expression);
    answer pg_catalog.record;
    rows_found pg_catalog.int8;
BEGIN
    IF expression OPERATOR(pg_catalog.~) '^[0-9a-fA-F]{8}$' THEN
        RETURN df._explain_instance(expression);
    ELSIF node.node_type IS NOT NULL AND node.problem IS NULL THEN
        RETURN df._explain_envelope(expression);
    ELSIF NOT df._is_expression(expression) THEN
        IF df._is_statement(expression) THEN
            RETURN df._explain_envelope(df.sql(expression));
        END IF;
        RETURN E'Cannot explain input: not a valid Durofut JSON, instance ID, SQL statement, or DSL expression.\n'
               'Hint: DSL expressions use df.*() functions and operators like ~>, |=>, &, |.';
    END IF;

    EXECUTE 'SELECT ' OPERATOR(pg_catalog.||) expression INTO answer;
    GET DIAGNOSTICS rows_found = ROW_COUNT;
    IF rows_found OPERATOR(pg_catalog.=) 0 THEN
        RETURN 'Failed to evaluate expression: it gave no row';
    END IF;
    RETURN df._explain_result((SELECT m.value FROM pg_catalog.json_each(pg_catalog.row_to_json(answer)) AS m LIMIT 1));
END
$$;
COMMENT ON FUNCTION df.explain(pg_catalog.text) IS
    'a workflow as a tree: an expression (which is evaluated), an envelope, an SQL statement, or the id of an instance with its progress';
