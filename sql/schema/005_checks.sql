-- What must hold before anything is created; nothing here stays in the database.
--
-- The words about the wrong database are those that administrators of pg_durable know. They come only when somebody has named another
-- database; when nobody has, this is the one. A role for the worker that is named but cannot do the work is a warning: it can be mended.

-- For the rest of the transaction. Names are written in full all the same; this guards against what a reviewer may miss.
SET LOCAL search_path TO pg_catalog, pg_temp;

DO $check$
DECLARE
    wanted text;
    worker text := nullif(current_setting('pg_durable.worker_role', true), '');
BEGIN
    IF current_setting('server_version_num')::int4 < 140000 THEN
        RAISE EXCEPTION 'schema df needs PostgreSQL 14 or newer, this is %', current_setting('server_version')
            USING ERRCODE = 'feature_not_supported';
    END IF;
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'schema df needs a database with encoding UTF8, this one has %', current_setting('server_encoding')
            USING ERRCODE = 'feature_not_supported', HINT = 'CREATE DATABASE has the option ENCODING.';
    END IF;

    wanted := nullif(current_setting('pg_durable.database', true), '');
    IF wanted <> current_database()::text THEN
        RAISE EXCEPTION 'pg_durable extension must be created in database "%" (currently in "%"). The background worker only processes functions in the database specified by the pg_durable.database GUC (defaults to "postgres").',
            wanted, current_database()
            USING HINT = 'Connect to the correct database and run: CREATE EXTENSION pg_durable;';
    END IF;

    IF worker IS NULL THEN
        RETURN;
    ELSIF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = worker) THEN
        RAISE WARNING 'pg_durable: worker role "%" does not exist. The background worker will not be able to process workflows. Create the role before using pg_durable.', worker;
    ELSIF NOT (SELECT r.rolbypassrls OR pg_has_role(r.oid, current_user, 'USAGE')
               FROM pg_roles r WHERE r.rolname = worker) THEN
        RAISE WARNING 'pg_durable: worker role "%" is not a member of "%", which will own schema df, so it cannot see the instances of others. Grant that membership or let "%" be the worker role.',
            worker, current_user, current_user;
    END IF;
END
$check$;
