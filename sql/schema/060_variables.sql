-- Variables: texts that a role keeps by name, for {name} in the SQL of its steps.
--
-- df.start copies the variables of its caller into the instance, so a later change reaches later instances only. All functions act on the
-- rows of the effective role by an explicit condition, because row security does not hold for the owner of the table and for superusers.
-- The three that write are refused inside a workflow, and they leave a mark for the rest of the client's statement (df._mark_helper):
-- their result is plain text, which an operator next to them would otherwise take for the SQL of a step.

-- Notes that this client statement has called a helper. Line 1 names it, line 2 is the start of the statement.
CREATE FUNCTION df._mark_helper(p_name pg_catalog.text) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM set_config('df.non_future_helper', p_name || E'\n' || statement_timestamp()::text, true);
END
$$;

CREATE FUNCTION df._in_workflow() RETURNS pg_catalog.bool
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce(current_setting('df.in_workflow', true) = 'true', false) $$;
COMMENT ON FUNCTION df._in_workflow() IS 'whether this session executes a step; a step can deny it, so it is no boundary';

CREATE FUNCTION df.setvar(name pg_catalog.text, value pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF df._in_workflow() THEN
        RAISE EXCEPTION 'df.setvar() cannot be called inside a workflow - set variables before starting the workflow';
    END IF;
    BEGIN
        INSERT INTO df.vars AS v (name, value) VALUES (setvar.name, setvar.value)
        ON CONFLICT ON CONSTRAINT vars_pkey DO UPDATE SET value = EXCLUDED.value;
    EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION 'Failed to set variable: %', SQLERRM USING ERRCODE = SQLSTATE;
    END;
    PERFORM df._mark_helper('df.setvar');
    RETURN 'OK';
END
$$;
COMMENT ON FUNCTION df.setvar(pg_catalog.text, pg_catalog.text) IS 'sets a variable of the caller';

CREATE FUNCTION df.getvar(name pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT v.value FROM df.vars v WHERE v.owner = quote_ident(current_user)::regrole AND v.name = getvar.name
$$;
COMMENT ON FUNCTION df.getvar(pg_catalog.text) IS 'the value of a variable of the caller; NULL when there is none';

CREATE FUNCTION df.unsetvar(name pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF df._in_workflow() THEN
        RAISE EXCEPTION 'df.unsetvar() cannot be called inside a workflow - manage variables before starting the workflow';
    END IF;
    BEGIN
        DELETE FROM df.vars v WHERE v.owner = quote_ident(current_user)::regrole AND v.name = unsetvar.name;
    EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION 'Failed to unset variable: %', SQLERRM USING ERRCODE = SQLSTATE;
    END;
    PERFORM df._mark_helper('df.unsetvar');
    RETURN 'OK';
END
$$;
COMMENT ON FUNCTION df.unsetvar(pg_catalog.text) IS 'removes a variable of the caller';

CREATE FUNCTION df.clearvars() RETURNS pg_catalog.text
LANGUAGE plpgsql STRICT
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF df._in_workflow() THEN
        RAISE EXCEPTION 'df.clearvars() cannot be called inside a workflow - manage variables before starting the workflow';
    END IF;
    BEGIN
        DELETE FROM df.vars v WHERE v.owner = quote_ident(current_user)::regrole;
    EXCEPTION WHEN OTHERS THEN
        RAISE EXCEPTION 'Failed to clear variables: %', SQLERRM USING ERRCODE = SQLSTATE;
    END;
    PERFORM df._mark_helper('df.clearvars');
    RETURN 'OK';
END
$$;
COMMENT ON FUNCTION df.clearvars() IS 'removes all variables of the caller';
