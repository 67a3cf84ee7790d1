-- The operators of the language:
--
--   a ~> b      a, then b                       a & b     both at the same time
--   a |=> 'x'   names the result of a           a | b     the first to end decides
--   c ?> t !> e a condition and its branches    @> a      repeats a (prefix)
--
-- PostgreSQL gives them one precedence, from left to right: a ~> b & c is (a ~> b) & c.
--
-- They live in a schema of the installer's choice, which callers need on their search_path: the installer puts its quoted name for the
-- token in the CREATE OPERATOR commands. With pg_catalog (superusers only) that is always so.

-- c ?> t leaves an unfinished condition behind: the text of a jsonb object that !> completes. To everything else it is plain text.
CREATE FUNCTION df.if_then_op(condition pg_catalog.text, then_branch pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN jsonb_build_object('_partial_if', true, 'condition', condition, 'then_branch', then_branch)::text;
END
$$;
COMMENT ON FUNCTION df.if_then_op(pg_catalog.text, pg_catalog.text) IS 'condition ?> then_branch';

CREATE FUNCTION df.if_else_op(partial_if pg_catalog.text, else_branch pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    partial jsonb := partial_if::jsonb;
BEGIN
    IF partial IS NULL OR jsonb_typeof(partial) <> 'object' OR partial ->> '_partial_if' IS NULL THEN
        RAISE EXCEPTION 'Invalid if-then-else: left side of !> must be a ?> expression';
    END IF;
    RETURN df."if"(partial ->> 'condition', partial ->> 'then_branch', else_branch);
END
$$;
COMMENT ON FUNCTION df.if_else_op(pg_catalog.text, pg_catalog.text) IS 'partial_if !> else_branch';

CREATE FUNCTION df.as_op(fut pg_catalog.text, name pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, df, pg_temp
AS $$ SELECT df."as"(fut, name) $$;
COMMENT ON FUNCTION df.as_op(pg_catalog.text, pg_catalog.text) IS 'fut |=> name';

CREATE FUNCTION df.loop_prefix_op(body pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, df, pg_temp
AS $$ SELECT df.loop(body) $$;
COMMENT ON FUNCTION df.loop_prefix_op(pg_catalog.text) IS '@> body';

CREATE OPERATOR @operators_schema@.~> (FUNCTION = df.seq, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
CREATE OPERATOR @operators_schema@.|=> (FUNCTION = df.as_op, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
CREATE OPERATOR @operators_schema@.& (FUNCTION = df."join", LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
CREATE OPERATOR @operators_schema@.| (FUNCTION = df.race, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
CREATE OPERATOR @operators_schema@.?> (FUNCTION = df.if_then_op, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
CREATE OPERATOR @operators_schema@.!> (FUNCTION = df.if_else_op, LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text);
CREATE OPERATOR @operators_schema@.@> (FUNCTION = df.loop_prefix_op, RIGHTARG = pg_catalog.text);
