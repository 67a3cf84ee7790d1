-- Settings.
--
-- PostgreSQL accepts SET of any dotted name by anybody, checks neither type nor range, and lets only superusers attach such a name to a
-- database. So an administrator who is no superuser writes settings into a table, and everybody who needs one asks df._setting(name):
--
--   1. the row in df._settings                      INSERT INTO df._settings VALUES ('pg_durable.retention_days', '7');
--   2. ALTER DATABASE ... SET                       (superuser; no session can forge it)
--   3. the value in the session                     as far as df._known_settings.session_value lets it count:
--        any     always
--        lower   from anybody if it lowers 1, 2 or 4; else only in a session of a superuser or of the owner of schema df
--        none    never: a session could forge it
--   4. the default in df._known_settings
--
-- Values are checked when they are written into the table and again when they are read from elsewhere, and come back in one spelling:
-- on/off for booleans, plain digits for numbers. A default of NULL stands for what the meaning column says.

CREATE TABLE df._known_settings (
    name          pg_catalog.text COLLATE "C" PRIMARY KEY,
    kind          pg_catalog.text NOT NULL,                 -- bool, int, word (one of choices), hosts, text
    default_value pg_catalog.text,
    smallest      pg_catalog.int4,
    largest       pg_catalog.int4,
    choices       pg_catalog.text[],
    session_value pg_catalog.text NOT NULL,                 -- any, lower, none
    secret        pg_catalog.bool NOT NULL DEFAULT false,   -- only the owner may read it
    meaning       pg_catalog.text NOT NULL
);
COMMENT ON TABLE df._known_settings IS 'the settings that exist, with type, range and default';

INSERT INTO df._known_settings (name, kind, default_value, smallest, largest, choices, session_value, secret, meaning) VALUES
    ('pg_durable.worker_role', 'text', NULL, NULL, NULL, NULL, 'any', false,
        'role that the worker logs in as (default: the owner of schema df)'),
    ('pg_durable.database', 'text', NULL, NULL, NULL, NULL, 'any', false,
        'database that holds schema df (default: the one it is installed in)'),
    ('pg_durable.max_management_connections', 'int', '6', 1, 1000, NULL, 'any', false,
        'connections of a worker for loading graphs and writing status'),
    ('pg_durable.max_duroxide_connections', 'int', '10', 1, 1000, NULL, 'any', false,
        'connections of a worker for the engine''s own relations; below 2 it does not start'),
    ('pg_durable.max_user_connections', 'int', '10', 1, 1000, NULL, 'any', false,
        'SQL steps that a worker executes at the same time'),
    ('pg_durable.execution_acquire_timeout', 'int', '30', 1, 3600, NULL, 'any', false,
        'seconds that the SQL step at the head of the line waits for its turn before it fails'),
    ('pg_durable.max_new_transaction_starts', 'int', '2', 1, 1000, NULL, 'lower', false,
        'launches with transaction_mode => ''new'' at the same time'),
    ('pg_durable.new_transaction_start_timeout', 'int', '5', 1, 3600, NULL, 'lower', false,
        'seconds that such a launch waits for its turn'),
    ('pg_durable.enable_superuser_instances', 'bool', 'off', NULL, NULL, NULL, 'any', false,
        'whether workflows of superusers run; the worker''s own value decides'),
    ('pg_durable.list_instances_max_limit', 'int', '1000', 1, 1000000, NULL, 'lower', false,
        'greatest limit_count of df.list_instances'),
    ('pg_durable.retention_days', 'int', '30', 0, 36500, NULL, 'any', false,
        'days that an instance is kept after its end'),
    ('pg_durable.reconcile_interval', 'int', '3600', 0, 86400, NULL, 'any', false,
        'seconds between two rounds of removing old instances; 0 is never'),
    ('dfsql.http_mode', 'word', 'public', NULL, NULL, '{off,allowlist,public}', 'any', false,
        'which hosts HTTP steps may reach: none, those of dfsql.http_allow, any public address; the worker''s own value decides'),
    ('dfsql.http_allow', 'hosts',
        '*.blob.core.windows.net, *.blob.storage.azure.net, *.queue.core.windows.net, *.table.core.windows.net, '
        '*.file.core.windows.net, *.azurewebsites.net, *.azure-api.net, *.documents.azure.com, *.servicebus.windows.net, '
        '*.openai.azure.com, *.cognitiveservices.azure.com, *.vault.azure.net, *.redis.cache.windows.net, '
        '*.database.windows.net, *.kusto.windows.net, *.azurefd.net, *.azureedge.net, *.azure-devices.net, '
        '*.trafficmanager.net, *.cloudapp.azure.com, api.github.com', NULL, NULL, NULL, 'any', false,
        'comma separated: host names, *.suffix, addresses, networks such as 10.0.0.0/8; the worker''s own value decides'),
    ('dfsql.http_max_response_bytes', 'int', '16777216', 1, 2147483647, NULL, 'any', false,
        'longest response body that an HTTP step accepts'),
    ('dfsql.loop_min_interval_ms', 'int', '250', 0, 3600000, NULL, 'any', false,
        'least time from the start of one iteration of an endless loop to the start of the next'),
    ('dfsql.autonomous', 'bool', 'off', NULL, NULL, NULL, 'none', false,
        'whether df.signal takes effect at once, over a connection of dblink, instead of when its transaction commits'),
    ('dfsql.autonomous_conninfo', 'text', '', NULL, NULL, NULL, 'none', true,
        'connection parameters for that connection; empty: this server''s own');

-- The value in its one spelling. Fails with the words and codes that PostgreSQL has for its own parameters.
CREATE FUNCTION df._checked_setting(p_name pg_catalog.text, p_value pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known df._known_settings;
    number numeric;
BEGIN
    SELECT * INTO known FROM df._known_settings k WHERE k.name = p_name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unrecognized configuration parameter "%"', p_name USING ERRCODE = 'undefined_object',
            HINT = 'The table df._known_settings lists all of them.';
    END IF;
    IF p_value IS NULL THEN
        RAISE EXCEPTION 'parameter "%" needs a value', p_name USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Delete the row to return to the default.';
    END IF;
    CASE known.kind
    WHEN 'bool' THEN
        BEGIN
            RETURN CASE WHEN p_value::bool THEN 'on' ELSE 'off' END;
        EXCEPTION WHEN invalid_text_representation THEN
            RAISE EXCEPTION 'parameter "%" requires a Boolean value', p_name
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Available values: on, off.';
        END;
    WHEN 'int' THEN
        IF p_value !~ '^\s*[-+]?[0-9]{1,30}\s*$' THEN
            RAISE EXCEPTION 'invalid value for parameter "%": "%"', p_name, p_value
                USING ERRCODE = 'invalid_parameter_value', HINT = 'It is a whole number without a unit.';
        END IF;
        number := p_value::numeric;
        IF number NOT BETWEEN known.smallest AND known.largest THEN
            RAISE EXCEPTION '% is outside the valid range for parameter "%" (% .. %)',
                number, p_name, known.smallest, known.largest USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RETURN number::text;
    WHEN 'word' THEN
        IF lower(btrim(p_value)) <> ALL (known.choices) THEN
            RAISE EXCEPTION 'invalid value for parameter "%": "%"', p_name, p_value
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = format('Available values: %s.', array_to_string(known.choices, ', '));
        END IF;
        RETURN lower(btrim(p_value));
    WHEN 'hosts' THEN
        IF lower(p_value) !~ '^\s*((\*\.)?[a-z0-9_:\[\]][a-z0-9_.:\[\]-]*(/[0-9]{1,3})?\s*(,\s*|$))*$' THEN
            RAISE EXCEPTION 'invalid value for parameter "%": "%"', p_name, p_value
                USING ERRCODE = 'invalid_parameter_value',
                      HINT = 'It is a comma separated list of host names, *.suffix, addresses and networks such as 10.0.0.0/8.';
        END IF;
        RETURN lower(p_value);
    ELSE
        RETURN p_value;
    END CASE;
END
$$;

CREATE TABLE df._settings (
    name  pg_catalog.text COLLATE "C" PRIMARY KEY,
    value pg_catalog.text NOT NULL
);
COMMENT ON TABLE df._settings IS 'settings of this installation; df._known_settings lists what exists';

CREATE FUNCTION df._check_settings_row() RETURNS pg_catalog.trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.value := df._checked_setting(NEW.name, NEW.value);
    RETURN NEW;
END
$$;
CREATE TRIGGER check_row BEFORE INSERT OR UPDATE ON df._settings
    FOR EACH ROW EXECUTE FUNCTION df._check_settings_row();

GRANT SELECT ON df._known_settings, df._settings TO PUBLIC;   -- that is, to whom schema df is open
ALTER TABLE df._settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY settings_not_secret ON df._settings FOR SELECT
    USING (EXISTS (SELECT FROM df._known_settings k WHERE k.name OPERATOR(pg_catalog.=) _settings.name AND NOT k.secret));

-- Writes one setting; a value of NULL removes it, so that the default holds again. For who may write df._settings.
CREATE FUNCTION df._set(p_name pg_catalog.text, p_value pg_catalog.text) RETURNS pg_catalog.void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_value IS NULL THEN
        DELETE FROM df._settings s WHERE s.name = p_name;
    ELSE
        INSERT INTO df._settings (name, value) VALUES (p_name, p_value)
        ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value;
    END IF;
END
$$;

-- What ALTER DATABASE ... SET says for this database, for all roles; NULL if nothing.
CREATE FUNCTION df._database_setting(p_name pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT substr(entry, length(p_name) + 2)
    FROM pg_db_role_setting s, unnest(s.setconfig) AS entry
    WHERE s.setrole = 0
      AND s.setdatabase = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND starts_with(lower(entry), lower(p_name) || '=')
$$;

-- Whether a value of the session is an administrator's: both roles are asked, because inside a SECURITY DEFINER function the one is
-- the owner whoever calls, and after SET ROLE the other still is the one who logged in.
CREATE FUNCTION df._is_administrator() RETURNS pg_catalog.bool
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT count(*) = 2
    FROM (VALUES (current_user::name), (session_user::name)) AS who (role_name)
    JOIN pg_roles r ON r.rolname = who.role_name
    WHERE r.rolsuper OR r.oid = (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = 'df')
$$;

-- The setting as it holds for the caller; see the top of this page. Fails for an unknown name and for an invalid value.
CREATE FUNCTION df._setting(p_name pg_catalog.text) RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known df._known_settings;
    of_database text := nullif(df._database_setting(p_name), '');
    -- What the database gives to every session is no wish of this one.
    of_session text := nullif(nullif(current_setting(p_name, true), ''), of_database);
    trusted text;
BEGIN
    SELECT * INTO known FROM df._known_settings k WHERE k.name = p_name;
    SELECT s.value INTO trusted FROM df._settings s WHERE s.name = p_name;
    trusted := coalesce(trusted, of_database);
    IF trusted IS NULL AND of_session IS NOT NULL AND known.session_value = 'any' THEN
        trusted := of_session;
    ELSIF of_session IS NOT NULL AND known.session_value = 'lower' THEN
        of_session := df._checked_setting(p_name, of_session);
        trusted := df._checked_setting(p_name, coalesce(trusted, known.default_value));
        IF of_session::int4 < trusted::int4 OR df._is_administrator() THEN
            trusted := of_session;
        END IF;
    END IF;

    trusted := coalesce(trusted, known.default_value);
    IF known.name IS NOT NULL AND trusted IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN df._checked_setting(p_name, trusted);
END
$$;
COMMENT ON FUNCTION df._setting(pg_catalog.text) IS 'the value of a setting: table, database, session as far as it counts, default';
