-- Composing workflows: what users call to put steps together. 030_envelopes.sql explains the text that comes out.
--
-- Wherever a step is expected an operand may be either: an envelope is that node, any other text is the SQL of a step. A STRICT function
-- makes a NULL operand swallow the whole expression; that is part of the language, and so is which functions are not strict.

CREATE FUNCTION df.sql(query pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql STRICT
RETURN '{"node_type":"SQL","query":' OPERATOR(pg_catalog.||) pg_catalog.to_json(query)::pg_catalog.text OPERATOR(pg_catalog.||) '}';
COMMENT ON FUNCTION df.sql(pg_catalog.text) IS 'a step that runs one SQL statement';

CREATE FUNCTION df.seq(a pg_catalog.text, b pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN df._composed('{"node_type":"THEN","left_node":' || df._operand(a) || ',"right_node":' || df._operand(b) || '}');
END
$$;
COMMENT ON FUNCTION df.seq(pg_catalog.text, pg_catalog.text) IS 'a, then b; also written a ~> b';

CREATE FUNCTION df."as"(fut pg_catalog.text, name pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    node df._decoded;
BEGIN
    IF name = '' THEN
        RAISE EXCEPTION 'df.as: result name cannot be empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF name !~ '^[a-zA-Z_][a-zA-Z0-9_]*$' THEN
        RAISE EXCEPTION 'df.as: result name ''%'' is not a valid identifier — must match [a-zA-Z_][a-zA-Z0-9_]*', name
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    node := df._decode(df._operand(fut));
    node.result_name := name;
    RETURN df._composed(df._write(node));
END
$$;
COMMENT ON FUNCTION df."as"(pg_catalog.text, pg_catalog.text) IS
    'gives the result of a node a name, for $name in later steps; also written fut |=> name';

CREATE FUNCTION df.loop(body pg_catalog.text, condition pg_catalog.text DEFAULT NULL) RETURNS pg_catalog.text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF body IS NULL THEN
        RAISE EXCEPTION 'unboxing body argument failed' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    RETURN df._composed('{"node_type":"LOOP","left_node":' || df._operand(body)
                        || coalesce(',"condition_node":' || df._operand(condition), '') || '}');
END
$$;
COMMENT ON FUNCTION df.loop(pg_catalog.text, pg_catalog.text) IS
    'repeats body; a condition is tested after each round; also written @> body';

CREATE FUNCTION df."if"(condition pg_catalog.text, then_branch pg_catalog.text, else_branch pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN df._composed('{"node_type":"IF","left_node":' || df._operand(then_branch)
                        || ',"right_node":' || df._operand(else_branch)
                        || ',"condition_node":' || df._operand(condition) || '}');
END
$$;
COMMENT ON FUNCTION df."if"(pg_catalog.text, pg_catalog.text, pg_catalog.text) IS
    'one of two branches; also written condition ?> then_branch !> else_branch';

CREATE FUNCTION df.if_rows(result_name pg_catalog.text, then_branch pg_catalog.text, else_branch pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN df._composed('{"node_type":"IF","left_node":' || df._operand(then_branch)
                        || ',"right_node":' || df._operand(else_branch) || ',"query":'
                        || to_json('{"condition_type":"result_has_rows","result_name":' || to_json(result_name) || '}') || '}');
END
$$;
COMMENT ON FUNCTION df.if_rows(pg_catalog.text, pg_catalog.text, pg_catalog.text) IS
    'one of two branches, by whether a named result has rows';

CREATE FUNCTION df."join"(a pg_catalog.text, b pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN df._composed('{"node_type":"JOIN","left_node":' || df._operand(a) || ',"right_node":' || df._operand(b) || '}');
END
$$;
COMMENT ON FUNCTION df."join"(pg_catalog.text, pg_catalog.text) IS 'a and b at the same time, until both have ended; also written a & b';

CREATE FUNCTION df.join3(a pg_catalog.text, b pg_catalog.text, c pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN df._composed('{"node_type":"JOIN","left_node":' || df._operand(a) || ',"right_node":' || df._operand(b)
                        || ',"extra_nodes":[' || df._operand(c) || ']}');
END
$$;
COMMENT ON FUNCTION df.join3(pg_catalog.text, pg_catalog.text, pg_catalog.text) IS 'three branches at the same time';

CREATE FUNCTION df.race(a pg_catalog.text, b pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN df._composed('{"node_type":"RACE","left_node":' || df._operand(a) || ',"right_node":' || df._operand(b) || '}');
END
$$;
COMMENT ON FUNCTION df.race(pg_catalog.text, pg_catalog.text) IS
    'a and b at the same time, until the first of them has ended; also written a | b';
