"""Who may do what: every table, every function, two submitters, somebody without rights, and those who see all."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from df_database import OUTSIDER, OWNER, Connection, DfDatabase

pytestmark = pytest.mark.needs_postgres

NO_RIGHT = "42501"
CHECK = "23514"
FOREIGN_KEY = "23503"
FORBIDDEN_COLUMN = NO_RIGHT


@dataclass(frozen=True)
class Pair:
    """A database with one instance of each submitter."""

    database: DfDatabase
    mine: str
    """Instance of app."""
    theirs: str
    """Instance of other."""

    def fill(self, text: str) -> str:
        """A statement with the ids in it."""
        return text.replace("MINE", f"'{self.mine}'").replace("THEIRS", f"'{self.theirs}'")


def start(database: DfDatabase, role: str) -> str:
    """An instance of a role, started with a label and a variable of the role's name."""
    with database.connect(role) as connection:
        connection.execute("SELECT df.setvar('who', current_user)")
        row = connection.execute("SELECT df.start('SELECT ''secret'' ', current_user::text)").fetchone()
        assert row is not None
        return str(row[0])


@pytest.fixture
def pair(database: DfDatabase) -> Pair:
    database.pretend_ready()
    return Pair(database, start(database, "app"), start(database, "other"))


@pytest.fixture
def app(pair: Pair) -> Iterator[Connection]:
    with pair.database.connect("app") as connection:
        yield connection


@pytest.fixture
def superuser(database: DfDatabase) -> Iterator[Connection]:
    with database.connect("postgres") as connection:
        yield connection


def outcome(connection: Connection, statement: str) -> object:
    """The first value, the number of rows where there is none, or the SQLSTATE of the error."""
    try:
        with connection.transaction():
            cursor = connection.execute(statement.encode())
            if cursor.description is None:
                return cursor.rowcount
            row = cursor.fetchone()
            return row[0] if row else "no rows"
    except psycopg.Error as problem:
        return problem.sqlstate


# ---- tables: the exact privileges of a role after df.grant_usage -------------------------------------------

INSTANCES = "id label root_node status submitted_by database created_at updated_at completed_at"
NODES = (
    "id instance_id node_type query result_name left_node right_node status result error submitted_by "
    "database created_at updated_at status_details"
)
TABLES = {
    "df.instances": {
        "SELECT": INSTANCES,
        "INSERT": "id label root_node submitted_by database",
        "UPDATE": "status updated_at",
    },
    "df.nodes": {
        "SELECT": NODES,
        "INSERT": "id instance_id node_type query result_name left_node right_node submitted_by database",
    },
    "df.vars": dict.fromkeys(["SELECT", "INSERT", "UPDATE"], "name value owner") | {"DELETE": "*"},
    "df._installation": {"SELECT": "one_row installation_id schema_version product_version operators_schema installed_at"},
    "df._known_settings": {"SELECT": "name kind default_value smallest largest choices session_value secret meaning"},
    "df._settings": {"SELECT": "name value"},
    "df._worker_epoch": {},
    "_duroxide._worker_ready": {"SELECT": "sentinel schema_version initialized_at"},
    "_duroxide.runs": {
        "SELECT": "instance_id submitted_by retry_of generation started_at ended_at outcome output",
        "INSERT": "instance_id submitted_by vars retry_of",
    },
    "_duroxide.executions": {"SELECT": "instance_id execution_id started_at ended_at"},
    "_duroxide.inbox": {"INSERT": "instance_id kind name payload sent_by"},
    "_duroxide.loopback_requests": {"INSERT": "key kind arguments"},
    "_duroxide.scopes": {},
    "_duroxide.bindings": {},
    "_duroxide.clock_offset": {},
    "_duroxide.history": {},
}  # fmt: skip

PRIVILEGES = """
    SELECT c.oid::regclass::text, p.privilege, string_agg(a.attname, ' ' ORDER BY a.attnum)
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    CROSS JOIN unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) AS p (privilege)
    WHERE c.relnamespace IN ('df'::regnamespace, '_duroxide'::regnamespace) AND c.relkind IN ('r', 'v', 'm', 'p')
      AND has_column_privilege(%(role)s::name, c.oid, a.attnum, p.privilege)
    GROUP BY c.oid, p.privilege
    UNION ALL
    SELECT c.oid::regclass::text, p.privilege, '*'
    FROM pg_class c CROSS JOIN unnest('{DELETE,TRUNCATE,TRIGGER}'::text[]) AS p (privilege)
    WHERE c.relnamespace IN ('df'::regnamespace, '_duroxide'::regnamespace) AND c.relkind IN ('r', 'v', 'm', 'p')
      AND has_table_privilege(%(role)s::name, c.oid, p.privilege)"""

RELATIONS = """
    SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'p')
      AND relnamespace IN ('df'::regnamespace, '_duroxide'::regnamespace)"""


def test_privileges_on_tables(pair: Pair, superuser: Connection) -> None:
    found: dict[object, dict[object, object]] = {row[0]: {} for row in superuser.execute(RELATIONS)}
    for table, privilege, columns in superuser.execute(PRIVILEGES, {"role": "app"}):
        found[table][privilege] = columns
    assert found == TABLES


def test_every_table_of_several_submitters_has_row_security(superuser: Connection) -> None:
    query = """SELECT c.oid::regclass::text, c.relforcerowsecurity FROM pg_class c WHERE c.relrowsecurity
               AND c.relnamespace IN ('df'::regnamespace, '_duroxide'::regnamespace)"""
    found = {str(table): forced for table, forced in superuser.execute(query)}
    shared = {
        "df.instances",
        "df.nodes",
        "df.vars",
        *(f"_duroxide.{name}" for name in ("runs", "executions", "inbox")),
    }
    assert shared <= set(found)
    assert set(found.values()) == {False}


# ---- rows --------------------------------------------------------------------------------------------------

ROWS = [
    # what app tries; what comes out
    ("SELECT count(*) FROM df.instances", 1),
    ("SELECT count(*) FROM df.nodes", 1),
    ("SELECT count(*) FROM df.vars", 1),
    ("SELECT count(instance_id) FROM _duroxide.runs", 1),
    ("SELECT count(*) FROM df.instances WHERE id = THEIRS", 0),
    ("SELECT count(*) FROM df.nodes WHERE instance_id = THEIRS", 0),
    ("SELECT count(instance_id) FROM _duroxide.runs WHERE instance_id = THEIRS", 0),
    ("SELECT vars FROM _duroxide.runs", NO_RIGHT),
    ("SELECT graph FROM _duroxide.runs", NO_RIGHT),
    ("SELECT * FROM _duroxide.inbox", NO_RIGHT),
    ("SELECT * FROM _duroxide.scopes", NO_RIGHT),
    ("SELECT * FROM _duroxide.bindings", NO_RIGHT),
    ("SELECT * FROM _duroxide.history", NO_RIGHT),
    ("SELECT * FROM df._worker_epoch", NO_RIGHT),
    ("UPDATE df.instances SET status = 'completed' WHERE id = MINE", 1),
    ("UPDATE df.instances SET updated_at = now() WHERE id = MINE", 1),
    ("UPDATE df.instances SET status = 'completed' WHERE id = THEIRS", 0),
    ("UPDATE df.instances SET status = 'skipped' WHERE id = MINE", CHECK),
    *((f"UPDATE df.instances SET {column} = {column}", NO_RIGHT) for column in "id label root_node submitted_by database created_at completed_at".split()),
    *((f"UPDATE df.nodes SET {column} = {column}", NO_RIGHT) for column in NODES.split()),
    ("DELETE FROM df.instances", NO_RIGHT),
    ("DELETE FROM df.nodes", NO_RIGHT),
    ("TRUNCATE df.vars", NO_RIGHT),
    ("UPDATE df.vars SET value = 'x'", 1),
    ("UPDATE df.vars SET owner = 'other'::regrole", NO_RIGHT),
    ("INSERT INTO df.vars (name, value, owner) VALUES ('who', 'x', 'other'::regrole)", NO_RIGHT),
    ("DELETE FROM df.vars", 1),
    ("DELETE FROM df._settings", NO_RIGHT),
    ("UPDATE _duroxide.runs SET submitted_by = submitted_by", NO_RIGHT),
    ("DELETE FROM _duroxide.runs", NO_RIGHT),
    ("UPDATE _duroxide._worker_ready SET schema_version = 2", NO_RIGHT),
    ("INSERT INTO df._worker_epoch VALUES (gen_random_uuid())", NO_RIGHT),
    ("CREATE TABLE df.mine ()", NO_RIGHT),
    ("CREATE TABLE _duroxide.mine ()", NO_RIGHT),
    ("CREATE FUNCTION df.status(varchar) RETURNS text LANGUAGE sql AS 'SELECT 1'", NO_RIGHT),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), ROWS)
def test_rows(pair: Pair, app: Connection, statement: str, expected: object) -> None:
    assert outcome(app, pair.fill(statement)) == expected


@pytest.mark.parametrize("statement", ["DELETE FROM df.vars", "UPDATE df.instances SET status = 'failed'"])
def test_rows_of_others_stay(pair: Pair, app: Connection, superuser: Connection, statement: str) -> None:
    app.execute(statement.encode())
    assert superuser.execute("SELECT value FROM df.vars WHERE owner = 'other'::regrole").fetchone() == (
        "other",
    )
    assert superuser.execute("SELECT status FROM df.instances WHERE id = %s", [pair.theirs]).fetchone() == (
        "pending",
    )


# An instance made by hand: 00000001, its one node 00000002.
HAND_MADE = """
    INSERT INTO df.instances (id, root_node, submitted_by) VALUES ('{id}', '{root}', '{owner}'::regrole);
    INSERT INTO df.nodes (instance_id, id, node_type, query, result_name, left_node, right_node, submitted_by)
        VALUES ('{node_of}', '{node}', {node_type}, {query}, {name}, {left}, {right}, '{node_owner}'::regrole)"""
GOOD = {
    "id": "00000001", "root": "00000002", "owner": "app", "node_of": "00000001", "node": "00000002",
    "node_type": "'SQL'", "query": "'SELECT 1'", "name": "NULL", "left": "NULL", "right": "NULL", "node_owner": "app",
}  # fmt: skip
SELF = "'00000002'"

BY_HAND = [
    ({}, 1),
    ({"owner": "other", "node_owner": "other"}, NO_RIGHT),
    ({"node_owner": "other"}, NO_RIGHT),
    ({"owner": "other"}, NO_RIGHT),
    ({"root": "00000003"}, FOREIGN_KEY),
    ({"node_of": "00000009"}, FOREIGN_KEY),
    ({"node_type": "'THEN'", "query": "NULL", "left": SELF, "right": "'00000003'"}, FOREIGN_KEY),
    ({"node_type": "'THEN'", "query": "NULL", "left": "'00000003'", "right": SELF}, FOREIGN_KEY),
    ({"id": "0000000A", "node_of": "0000000A"}, CHECK),
    ({"id": "0000001", "node_of": "0000001"}, CHECK),
    ({"root": "0000000g", "node": "0000000g"}, CHECK),
    ({"node_type": "'THEN'", "query": "NULL", "left": "'x'", "right": SELF}, CHECK),
    ({"node_type": "'THEN'", "query": "NULL", "left": SELF, "right": "'x'"}, CHECK),
    ({"name": "'1st'"}, CHECK),
    ({"name": "'a b'"}, CHECK),
    ({"name": "''"}, CHECK),
    ({"name": "'_ok9'"}, 1),
    ({"node_type": "'CALL'"}, CHECK),
    ({"node_type": "'sql'"}, CHECK),
]


@pytest.mark.parametrize(("change", "expected"), BY_HAND)
def test_rows_made_by_hand(app: Connection, change: dict[str, str], expected: object) -> None:
    assert outcome(app, HAND_MADE.format(**GOOD | change)) == expected


LEAVES = ("SQL", "SLEEP", "WAIT_SCHEDULE", "BREAK", "HTTP", "HTTP_MULTIPART", "SIGNAL")
# Type -> what may be filled in together: L left, R right, Q query.
STRUCTURES = {**{leaf: ["Q"] for leaf in LEAVES}, "THEN": ["LR"], "RACE": ["LR"], "IF": ["LRQ"], "LOOP": ["L", "LQ"], "JOIN": ["LR", "LRQ"]}  # fmt: skip


@pytest.mark.parametrize("node_type", STRUCTURES)
def test_structures(app: Connection, node_type: str) -> None:
    for filled in ("", "L", "R", "Q", "LR", "LQ", "RQ", "LRQ"):
        change = {
            "node_type": f"'{node_type}'",
            "left": SELF if "L" in filled else "NULL",
            "right": SELF if "R" in filled else "NULL",
            "query": "'1'" if "Q" in filled else "NULL",
        }
        with app.transaction(force_rollback=True):
            expected = 1 if filled in STRUCTURES[node_type] else CHECK
            assert (filled, outcome(app, HAND_MADE.format(**GOOD | change))) == (filled, expected)


ENGINE_DOORS = [
    # inserts into the engine's own tables, for an instance made by hand or one that is there
    ("runs (instance_id, submitted_by) VALUES ('00000001', 'app'::regrole)", 1),
    ("runs (instance_id, submitted_by) VALUES ('00000001', 'other'::regrole)", NO_RIGHT),
    ("runs (instance_id, submitted_by) VALUES ('00000009', 'app'::regrole)", NO_RIGHT),
    ("runs (instance_id, submitted_by) VALUES (THEIRS, 'app'::regrole)", NO_RIGHT),
    ("runs (instance_id, submitted_by) VALUES (THEIRS, 'other'::regrole)", NO_RIGHT),
    ("runs (instance_id, submitted_by, graph) VALUES ('00000001', 'app'::regrole, '{}')", NO_RIGHT),
    ("inbox (instance_id, kind, name, sent_by) VALUES (MINE, 'signal', 'go', 'app'::regrole)", 1),
    ("inbox (instance_id, kind, name, sent_by) VALUES (THEIRS, 'signal', 'go', 'app'::regrole)", NO_RIGHT),
    ("inbox (instance_id, kind, name, sent_by) VALUES (THEIRS, 'cancel', 'go', 'other'::regrole)", NO_RIGHT),
    ("inbox (instance_id, kind, name, sent_by) VALUES (MINE, 'signal', 'go', 'other'::regrole)", NO_RIGHT),
    ("inbox (instance_id, kind, name, sent_by) VALUES (MINE, 'stop', 'go', 'app'::regrole)", CHECK),
    ("inbox (instance_id, kind, name, sent_by, kept) VALUES (MINE, 'signal', 'go', 'app'::regrole, true)", NO_RIGHT),
    ("loopback_requests (key, kind, arguments, requested_by) VALUES (gen_random_uuid(), 'start', '{}', 'other'::regrole)", NO_RIGHT),
    ("scopes (scope_id) VALUES (MINE)", NO_RIGHT),
    ("bindings (scope_id, name, value) VALUES (MINE, 'a', '1')", NO_RIGHT),
    ("executions VALUES (MINE, 1, now(), now())", NO_RIGHT),
]  # fmt: skip


@pytest.mark.parametrize(("insert", "expected"), ENGINE_DOORS)
def test_the_engine_s_tables(pair: Pair, app: Connection, insert: str, expected: object) -> None:
    app.execute(HAND_MADE.format(**GOOD).encode())
    assert outcome(app, pair.fill(f"INSERT INTO _duroxide.{insert}")) == expected


def test_nobody_copies_the_state_of_an_instance_of_others(
    pair: Pair, app: Connection, superuser: Connection
) -> None:
    superuser.execute("UPDATE df.instances SET status = 'failed'")
    superuser.execute("UPDATE _duroxide.runs SET outcome = 'failed'")
    app.execute(HAND_MADE.format(**GOOD).encode())
    insert = "INSERT INTO _duroxide.runs (instance_id, submitted_by, retry_of) VALUES ('00000001', 'app'::regrole, THEIRS)"
    with pytest.raises(psycopg.Error):
        app.execute(pair.fill(insert).encode())
    assert app.execute("SELECT count(instance_id) FROM _duroxide.runs").fetchone() == (1,)


# ---- functions ---------------------------------------------------------------------------------------------

CLOSED = {
    "df.http(text,text,text,jsonb,integer)",
    "df.http_multipart(text,text,jsonb,jsonb,integer)",
    "df.metrics()",
    "df.grant_usage(text,boolean,boolean)",
    "df.revoke_usage(text)",
}
# What ordinary roles may call in the engine's schema, with the reason why that is safe.
ENGINE_CALLS = {
    "_duroxide.guard()": "clears the caller's own session",
    "_duroxide.render(oid,text[])": "runs with the caller's rights",
    "_duroxide.checkpoint(text,uuid,bigint,text,text,text[],text[],text[],text[],text[],text[],text,json)": "needs the secret token of the scope, and a session of the instance's submitter",
    "_duroxide.loopback(uuid)": "needs a request that the caller wrote under row security",
    "_duroxide.stamp_is_stale(text,text)": "computes only",
    "_duroxide.is_vars(json)": "computes only, in a CHECK",
    "_duroxide.lease_seconds()": "a constant",
    "_duroxide.worker_lock_class()": "a constant",
}  # fmt: skip

FUNCTIONS = """
    SELECT n.nspname || '.' || p.proname || '(' || array_to_string(ARRAY(
               SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, i) ORDER BY i), ',') || ')',
           has_function_privilege('app', p.oid, 'EXECUTE'), p.prosecdef
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = %s"""


def test_privileges_on_functions_of_df(superuser: Connection) -> None:
    found = {str(name): bool(may) for name, may, _ in superuser.execute(FUNCTIONS, ["df"])}
    assert set(found) >= CLOSED
    assert {name for name, may in found.items() if not may and not name.startswith("df._")} == CLOSED


def test_privileges_on_functions_of_the_engine(superuser: Connection) -> None:
    found = {str(name) for name, may, _ in superuser.execute(FUNCTIONS, ["_duroxide"]) if may}
    assert found == set(ENGINE_CALLS)


def test_only_these_functions_run_as_their_owner(superuser: Connection) -> None:
    found = {str(name) for name, may, definer in superuser.execute(FUNCTIONS, ["df"]) if definer}
    assert found == {"df.metrics()"}


def test_functions_that_rely_on_the_caller_run_as_the_caller(superuser: Connection) -> None:
    definers = {
        str(name) for name, may, definer in superuser.execute(FUNCTIONS, ["_duroxide"]) if definer and may
    }
    assert definers <= set(ENGINE_CALLS)


CALLS = [
    # what app calls on an instance of other; what comes out
    ("SELECT df.status(THEIRS)", None),
    ("SELECT df.result(THEIRS)", None),
    ("SELECT * FROM df.instance_info(THEIRS)", "no rows"),
    ("SELECT * FROM df.instance_executions(THEIRS)", "no rows"),
    ("SELECT * FROM df.instance_nodes(THEIRS)", "no rows"),
    ("SELECT * FROM df.instance_nodes(THEIRS, 1)", "no rows"),
    ("SELECT df.explain(THEIRS) = format('Instance %L not found', THEIRS)", True),
    ("SELECT df.explain(MINE) LIKE '%secret%'", True),
    ("SELECT count(*) FROM df.list_instances()", 1),
    ("SELECT count(*) FROM df.list_instances(NULL, 10, NULL)", 1),
    ("SELECT count(*) FROM df.list_instances(NULL, 10, 'other')", 0),
    ("SELECT df.status(MINE)", "pending"),
    ("SELECT count(*) FROM df.instance_nodes(MINE)", 1),
    ("SELECT * FROM df.metrics()", NO_RIGHT),
    ("SELECT df.http('https://example.com')", NO_RIGHT),
    ("SELECT df.http_multipart('https://example.com')", NO_RIGHT),
    ("SELECT df.grant_usage('other')", NO_RIGHT),
    ("SELECT df.revoke_usage('other')", NO_RIGHT),
]

REFUSALS = [
    ("SELECT df.cancel(THEIRS)", "Instance not found or access denied: {theirs}"),
    ("SELECT df.signal(THEIRS, 'go')", "Instance not found or access denied: {theirs}"),
    ("SELECT df.await_instance(THEIRS, 1)", "Instance not found: {theirs}"),
]


@pytest.mark.parametrize(("statement", "expected"), CALLS)
def test_calls(pair: Pair, app: Connection, statement: str, expected: object) -> None:
    assert outcome(app, pair.fill(statement)) == expected


@pytest.mark.parametrize(("statement", "says"), REFUSALS)
def test_calls_on_instances_of_others_are_refused(
    pair: Pair, app: Connection, statement: str, says: str
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        app.execute(pair.fill(statement).encode())
    assert caught.value.diag.message_primary == says.format(theirs=pair.theirs)


@pytest.mark.parametrize("role", [OWNER, "postgres", "all_seeing"])
def test_owner_superuser_and_bypassrls_see_everything(pair: Pair, superuser: Connection, role: str) -> None:
    if role == "all_seeing":
        superuser.execute("CREATE ROLE all_seeing BYPASSRLS")
        superuser.execute("SELECT df.grant_usage('all_seeing')")
    try:
        superuser.execute(f"SET ROLE {role}".encode())
        assert outcome(superuser, "SELECT count(*) FROM df.instances") == 2
        assert outcome(superuser, "SELECT count(*) FROM df.nodes") == 2
        assert outcome(superuser, pair.fill("SELECT df.status(THEIRS)")) == "pending"
        assert outcome(superuser, "SELECT count(*) FROM df.list_instances()") == 2
    finally:
        superuser.execute("RESET ROLE")
        if role == "all_seeing":
            superuser.execute("DROP OWNED BY all_seeing")
            superuser.execute("DROP ROLE all_seeing")


# The engine's schema is open, so that clients find the readiness relation; rows are not.
OPEN_TO_ALL = {"_duroxide._worker_ready": 1, "_duroxide.runs": 0, "_duroxide.executions": 0}


def test_the_schema_is_the_gate(pair: Pair, superuser: Connection) -> None:
    """Somebody without USAGE on df can call nothing in it, whatever its arguments, and read nothing."""
    calls = superuser.execute("""
        SELECT format('SELECT df.%I(%s)', p.proname, array_to_string(ARRAY(
            SELECT 'NULL::' || format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, i) ORDER BY i), ', '))
        FROM pg_proc p WHERE p.pronamespace = 'df'::regnamespace AND p.prorettype <> 'trigger'::regtype
          AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS a (t) JOIN pg_type y ON y.oid = a.t
                          WHERE y.typnamespace = 'df'::regnamespace)""").fetchall()
    tables = superuser.execute(RELATIONS).fetchall()
    assert len(calls) > 50
    with pair.database.connect(OUTSIDER) as outsider:
        for (call,) in calls:
            assert (call, outcome(outsider, str(call))) == (call, NO_RIGHT)
        for (table,) in tables:
            found = outcome(outsider, f"SELECT count(*) FROM {table}")
            assert (table, found) == (table, OPEN_TO_ALL.get(str(table), NO_RIGHT))


# ---- identity ----------------------------------------------------------------------------------------------


def test_the_effective_role_owns_what_it_starts(pair: Pair, superuser: Connection) -> None:
    superuser.execute("""
        CREATE FUNCTION public.start_as_other() RETURNS text LANGUAGE sql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS $$ SELECT df.start('SELECT 1') $$;
        ALTER FUNCTION public.start_as_other() OWNER TO other""")
    with pair.database.connect("app") as app:
        instance = outcome(app, "SELECT public.start_as_other()")
        assert outcome(app, f"SELECT df.status('{instance}')") is None
    owner = "SELECT submitted_by::text FROM df.instances WHERE id = %s"
    assert superuser.execute(owner, [instance]).fetchone() == ("other",)
    superuser.execute("SET ROLE app")
    instance = outcome(superuser, "SELECT df.start('SELECT 1')")
    superuser.execute("RESET ROLE")
    assert superuser.execute(owner, [instance]).fetchone() == ("app",)


# ---- granting ----------------------------------------------------------------------------------------------

ACL = """
    SELECT 'schema', n.nspname::text, a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable
    FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname IN ('df', '_duroxide')
    UNION ALL SELECT 'relation', c.oid::regclass::text, a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable
    FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace IN ('df'::regnamespace, '_duroxide'::regnamespace)
    UNION ALL SELECT 'column', c.oid::regclass || '.' || t.attname, a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable
    FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
    WHERE c.relnamespace IN ('df'::regnamespace, '_duroxide'::regnamespace)
    UNION ALL SELECT 'function', p.oid::regprocedure::text, a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable
    FROM pg_proc p, aclexplode(p.proacl) a WHERE p.pronamespace IN ('df'::regnamespace, '_duroxide'::regnamespace)"""


def privileges(connection: Connection) -> set[tuple[object, ...]]:
    """All privileges that somebody granted on anything of ours."""
    return set(connection.execute(ACL).fetchall())


GIVEN = {
    ("schema", "df", "USAGE"),
    ("relation", "df.instances", "SELECT"),
    ("relation", "df.nodes", "SELECT"),
    *(("relation", "df.vars", privilege) for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE")),
    *(
        ("column", f"{table}.{column}", privilege)
        for table in ("df.instances", "df.nodes")
        for privilege in ("INSERT", "UPDATE")
        for column in TABLES[table].get(privilege, "").split()
    ),
}
GIVEN_HTTP = {("function", name, "EXECUTE") for name in CLOSED if name.startswith("df.http")}
GIVEN_ADMIN = {("function", name, "EXECUTE") for name in CLOSED if not name.startswith("df.http")}


def notices(connection: Connection) -> list[str]:
    """The list that the notices of a connection will be added to."""
    found: list[str] = []
    connection.add_notice_handler(lambda notice: found.append(f"{notice.severity}: {notice.message_primary}"))
    return found


@pytest.mark.parametrize("options", ["", ", true", ", false, true", ", true, true"])
def test_revoke_takes_exactly_what_grant_gave(database: DfDatabase, options: str) -> None:
    with database.connect(OWNER) as owner:
        said = notices(owner)
        before = privileges(owner)
        for _ in range(2):  # granting again adds nothing
            owner.execute(f"SELECT df.grant_usage('{OUTSIDER}'{options})".encode())
            given = privileges(owner) - before
        assert {row[3] for row in given} == {OUTSIDER}
        assert {row[5] for row in given} == {options.endswith(", true, true") or options == ", false, true"}
        http, admin = (options.startswith(", true"), options.count(",") == 2)
        assert {(row[0], row[1], row[4]) for row in given} == (
            GIVEN | (GIVEN_HTTP if http else set()) | (GIVEN_ADMIN if admin else set())
        )
        owner.execute(f"SELECT df.revoke_usage('{OUTSIDER}')".encode())
        assert privileges(owner) == before
        assert said == [f'NOTICE: pg_durable: granted df usage privileges to "{OUTSIDER}"'] * 2 + [
            f'NOTICE: pg_durable: revoked df usage privileges granted by "{OWNER}" from "{OUTSIDER}"'
        ]


def test_the_word_public_means_everybody(database: DfDatabase) -> None:
    with database.connect(OWNER) as owner, database.connect(OUTSIDER) as outsider:
        assert outcome(owner, "SELECT df.grant_usage('PUBLIC')") == "42704"
        assert outcome(owner, "SELECT df.grant_usage('no_such_role')") == "42704"
        assert outcome(outsider, "SELECT df.status('00000000')") == NO_RIGHT
        owner.execute("SELECT df.grant_usage('public')")
        assert outcome(outsider, "SELECT df.status('00000000')") is None
        owner.execute("SELECT df.revoke_usage('public')")
        assert outcome(outsider, "SELECT df.status('00000000')") == NO_RIGHT


def test_an_administrator_hands_on_what_it_has_and_takes_back_what_it_gave(database: DfDatabase) -> None:
    with (
        database.connect(OWNER) as owner,
        database.connect("app") as admin,
        database.connect(OUTSIDER) as outsider,
    ):
        owner.execute("SELECT df.grant_usage('app', with_grant => true)")
        before = privileges(owner)
        assert outcome(admin, "SELECT total_instances FROM df.metrics()") == 0
        assert outcome(admin, f"SELECT df.grant_usage('{OUTSIDER}', include_http => true)") == NO_RIGHT
        assert privileges(owner) == before  # the refusal took the grants before it along
        admin.execute(f"SELECT df.grant_usage('{OUTSIDER}', with_grant => true)".encode())
        assert outcome(outsider, "SELECT df.grant_usage('dfowner')") == ""
        outsider.execute("SELECT df.revoke_usage('dfowner')")
        outsider.execute("SELECT df.revoke_usage('other')")  # the owner's grant stays
        with database.connect("other") as other:
            assert outcome(other, "SELECT df.status('00000000')") is None
        admin.execute(f"SELECT df.revoke_usage('{OUTSIDER}')".encode())
        assert privileges(owner) == before
        owner.execute("SELECT df.revoke_usage('app')")
        assert outcome(admin, "SELECT df.status('00000000')") == NO_RIGHT


def test_revoking_reaches_those_who_were_given_it_in_turn(database: DfDatabase) -> None:
    with database.connect(OWNER) as owner, database.connect("app") as admin:
        before = privileges(owner)
        owner.execute("SELECT df.revoke_usage('app')")
        base = privileges(owner)
        owner.execute("SELECT df.grant_usage('app', true, true)")
        admin.execute(f"SELECT df.grant_usage('{OUTSIDER}', true, true)".encode())
        owner.execute("SELECT df.revoke_usage('app')")
        assert privileges(owner) == base < before


def test_execute_on_the_helpers_alone_grants_nothing(database: DfDatabase) -> None:
    with database.connect(OWNER) as owner, database.connect("app") as app:
        owner.execute(
            "GRANT EXECUTE ON FUNCTION df.grant_usage(text, boolean, boolean), df.revoke_usage(text) TO app"
        )
        before = privileges(owner)
        said = notices(app)
        # PostgreSQL warns where the caller holds the privilege itself, and refuses where it does not.
        assert outcome(app, f"SELECT df.grant_usage('{OUTSIDER}')") == ""
        assert sum(notice.startswith("WARNING: no privileges were granted for") for notice in said) > 5
        assert outcome(app, f"SELECT df.grant_usage('{OUTSIDER}', with_grant => true)") == NO_RIGHT
        assert outcome(app, f"SELECT df.grant_usage('{OUTSIDER}', include_http => true)") == NO_RIGHT
        assert privileges(owner) == before
