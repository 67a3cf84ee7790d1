-- Who may use schema df, and what is installed.
--
-- USAGE on the schema is the gate: nothing in df can be called without it. df.grant_usage gives a role what it needs to start and watch
-- workflows of its own, df.revoke_usage takes exactly that away again. Both do it as their caller, so PostgreSQL alone decides who may
-- hand on what; there are no checks in here. The argument public, in lower case, means every role: quoting leaves that word as it is.

CREATE FUNCTION df.grant_usage(
    p_role pg_catalog.text,
    include_http pg_catalog.bool DEFAULT false,
    with_grant pg_catalog.bool DEFAULT false
) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target text := format(' TO %I', p_role) || CASE WHEN with_grant THEN ' WITH GRANT OPTION' ELSE '' END;
BEGIN
    -- The order decides which refusal a caller without grant options sees first.
    EXECUTE 'GRANT USAGE ON SCHEMA df' || target;
    IF include_http THEN
        EXECUTE 'GRANT EXECUTE ON FUNCTION df.http(text, text, text, jsonb, integer)' || target;
        EXECUTE 'GRANT EXECUTE ON FUNCTION df.http_multipart(text, text, jsonb, jsonb, integer)' || target;
    END IF;
    IF with_grant THEN
        EXECUTE 'GRANT EXECUTE ON FUNCTION df.grant_usage(text, boolean, boolean)' || target;
        EXECUTE 'GRANT EXECUTE ON FUNCTION df.revoke_usage(text)' || target;
        EXECUTE 'GRANT EXECUTE ON FUNCTION df.metrics()' || target;
    END IF;
    EXECUTE 'GRANT SELECT ON df.instances' || target;
    EXECUTE 'GRANT UPDATE (status, updated_at) ON df.instances' || target;
    EXECUTE 'GRANT SELECT ON df.nodes' || target;
    EXECUTE 'GRANT INSERT (id, label, root_node, submitted_by, database) ON df.instances' || target;
    EXECUTE 'GRANT INSERT (id, instance_id, node_type, query, result_name, left_node, right_node, submitted_by, database)'
        ' ON df.nodes' || target;
    EXECUTE 'GRANT SELECT, INSERT, UPDATE, DELETE ON df.vars' || target;
    RAISE NOTICE 'pg_durable: granted df usage privileges to "%"', p_role;
END
$$;
COMMENT ON FUNCTION df.grant_usage(pg_catalog.text, pg_catalog.bool, pg_catalog.bool) IS
    'lets a role start and watch workflows; include_http: also HTTP steps; with_grant: also hand all of this on';

CREATE FUNCTION df.revoke_usage(p_role pg_catalog.text) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target text := format(' FROM %I CASCADE', p_role);
    callable text;
BEGIN
    FOREACH callable IN ARRAY ARRAY[
        'df.http(text, text, text, jsonb, integer)', 'df.http_multipart(text, text, jsonb, jsonb, integer)',
        'df.grant_usage(text, boolean, boolean)', 'df.revoke_usage(text)', 'df.metrics()']
    LOOP
        BEGIN
            EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || callable || target;
        EXCEPTION WHEN insufficient_privilege THEN
            NULL;   -- the caller never had it to hand on, so there is nothing of the caller's to take away
        END;
    END LOOP;
    EXECUTE 'REVOKE SELECT, INSERT, UPDATE, DELETE ON df.vars' || target;
    EXECUTE 'REVOKE INSERT (id, instance_id, node_type, query, result_name, left_node, right_node, submitted_by, database)'
        ' ON df.nodes' || target;
    EXECUTE 'REVOKE SELECT ON df.nodes' || target;
    EXECUTE 'REVOKE INSERT (id, label, root_node, submitted_by, database) ON df.instances' || target;
    EXECUTE 'REVOKE UPDATE (status, updated_at) ON df.instances' || target;
    EXECUTE 'REVOKE SELECT ON df.instances' || target;
    EXECUTE 'REVOKE USAGE ON SCHEMA df' || target;
    RAISE NOTICE 'pg_durable: revoked df usage privileges granted by "%" from "%"', current_user, p_role;
END
$$;
COMMENT ON FUNCTION df.revoke_usage(pg_catalog.text) IS
    'takes back what the caller gave a role with df.grant_usage, and what that role handed on';

CREATE FUNCTION df.version() RETURNS pg_catalog.text
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('%s (built %s)', i.product_version,
                  to_char(i.installed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
    FROM df._installation i
$$;
COMMENT ON FUNCTION df.version() IS 'version of dfsql, and when it was installed here';

CREATE FUNCTION df.target_database() RETURNS pg_catalog.text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce(df._setting('pg_durable.database'), current_database()) $$;
COMMENT ON FUNCTION df.target_database() IS 'the database whose workflows are executed';

-- All else may be called by whoever has USAGE on the schema, but for df.http, df.http_multipart and df.metrics: they are closed where they are made.
REVOKE EXECUTE ON FUNCTION df.grant_usage(pg_catalog.text, pg_catalog.bool, pg_catalog.bool) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION df.revoke_usage(pg_catalog.text) FROM PUBLIC;
