"""Settings: where a value comes from, what it may be, who can forge it. Variables: whose they are, where they may be set."""

from collections.abc import Iterator

import psycopg
import pytest
from df_database import OWNER, Connection, DfDatabase

pytestmark = pytest.mark.needs_postgres

LIMIT = "pg_durable.list_instances_max_limit"  # forgeable downwards only; default 1000
DAYS = "pg_durable.retention_days"  # any session; default 30
AUTONOMOUS = "dfsql.autonomous"  # no session; default off


@pytest.fixture
def owner(database: DfDatabase) -> Iterator[Connection]:
    with database.connect(OWNER) as connection:
        yield connection


@pytest.fixture
def app(database: DfDatabase) -> Iterator[Connection]:
    with database.connect("app") as connection:
        yield connection


def value(connection: Connection, name: str) -> object:
    """What a setting is for a connection."""
    row = connection.execute("SELECT df._setting(%s)", [name]).fetchone()
    assert row is not None
    return row[0]


def set_in_session(connection: Connection, name: str, text: str) -> None:
    """SET for the rest of the session."""
    connection.execute("SELECT set_config(%s, %s, false)", [name, text])


def set_in_table(connection: Connection, name: str, text: str | None) -> None:
    """The administrator's way."""
    connection.execute("SELECT df._set(%s, %s)", [name, text])


def set_in_database(database: DfDatabase, name: str, text: str) -> None:
    """The superuser's way."""
    with database.connect("postgres") as superuser:
        superuser.execute(f"ALTER DATABASE {database.name} SET {name} = '{text}'".encode())


# ---- what exists -------------------------------------------------------------------------------------------

DEFAULTS = {
    "pg_durable.worker_role": None,
    "pg_durable.database": None,
    "pg_durable.max_management_connections": "6",
    "pg_durable.max_duroxide_connections": "10",
    "pg_durable.max_user_connections": "10",
    "pg_durable.execution_acquire_timeout": "30",
    "pg_durable.max_new_transaction_starts": "2",
    "pg_durable.new_transaction_start_timeout": "5",
    "pg_durable.enable_superuser_instances": "off",
    LIMIT: "1000",
    DAYS: "30",
    "pg_durable.reconcile_interval": "3600",
    "dfsql.http_mode": "public",
    "dfsql.http_max_response_bytes": "16777216",
    "dfsql.loop_min_interval_ms": "250",
    AUTONOMOUS: "off",
    "dfsql.autonomous_conninfo": "",
}


def test_defaults(app: Connection) -> None:
    rows = app.execute("SELECT name, df._setting(name) FROM df._known_settings")
    found = {str(name): read for name, read in rows}
    hosts = str(found.pop("dfsql.http_allow")).split(", ")
    assert found == DEFAULTS
    assert len(hosts) == 21
    assert hosts[-1] == "api.github.com"
    assert all(host.startswith("*.") for host in hosts[:-1])


def test_every_default_is_valid(owner: Connection) -> None:
    query = """SELECT name FROM df._known_settings
               WHERE default_value IS NOT NULL AND df._checked_setting(name, default_value) <> default_value"""
    assert owner.execute(query).fetchall() == []


RANGES = [
    # the smallest and the largest value of each number
    ("pg_durable.max_management_connections", 1, 1000),
    ("pg_durable.max_duroxide_connections", 1, 1000),
    ("pg_durable.max_user_connections", 1, 1000),
    ("pg_durable.execution_acquire_timeout", 1, 3600),
    ("pg_durable.max_new_transaction_starts", 1, 1000),
    ("pg_durable.new_transaction_start_timeout", 1, 3600),
    (LIMIT, 1, 1_000_000),
    (DAYS, 0, 36500),
    ("pg_durable.reconcile_interval", 0, 86400),
]


def test_ranges_end_where_they_should(owner: Connection) -> None:
    for name, smallest, largest in RANGES:
        for good in (smallest, largest):
            set_in_table(owner, name, str(good))
            assert value(owner, name) == str(good)
        for bad in (smallest - 1, largest + 1):
            says = rf'{bad} is outside the valid range for parameter "{name}" \({smallest} .. {largest}\)'
            with pytest.raises(psycopg.errors.InvalidParameterValue, match=says):
                set_in_table(owner, name, str(bad))


# ---- one spelling ------------------------------------------------------------------------------------------

SPELLINGS = [
    ("pg_durable.enable_superuser_instances", {"true": "on", "ON": "on", "yes": "on", "1": "on", "f": "off", "no": "off"}),
    (DAYS, {" 7 ": "7", "+7": "7", "007": "7"}),
    ("dfsql.http_mode", {"OFF": "off", " allowlist ": "allowlist"}),
    ("dfsql.http_allow", {"A.example, *.B.example,10.0.0.0/8,[::1]": "a.example, *.b.example,10.0.0.0/8,[::1]", "": ""}),
    ("pg_durable.worker_role", {"Any Name": "Any Name"}),
]  # fmt: skip

INVALID = [
    ("pg_durable.enable_superuser_instances", "perhaps", "requires a Boolean value"),
    (DAYS, "seven", 'invalid value for parameter "pg_durable.retention_days": "seven"'),
    (DAYS, "7d", "invalid value"),
    (DAYS, "1.5", "invalid value"),
    (DAYS, "", "invalid value"),
    (DAYS, "99999999999999999999", "outside the valid range"),
    ("dfsql.http_mode", "open", 'invalid value for parameter "dfsql.http_mode": "open"'),
    ("dfsql.http_allow", "a b", "invalid value"),
    ("dfsql.http_allow", "https://a.example", "invalid value"),
    ("dfsql.http_allow", "a.*.example", "invalid value"),
]


@pytest.mark.parametrize(("name", "spellings"), SPELLINGS)
def test_values_come_back_in_one_spelling(owner: Connection, name: str, spellings: dict[str, str]) -> None:
    for written, read in spellings.items():
        set_in_table(owner, name, written)
        assert value(owner, name) == read


@pytest.mark.parametrize(("name", "text", "says"), INVALID)
def test_invalid_values_are_refused_wherever_they_come_from(
    database: DfDatabase, owner: Connection, name: str, text: str, says: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=says):
        set_in_table(owner, name, text)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=says):
        owner.execute("INSERT INTO df._settings VALUES (%s, %s)", [name, text])
    if text:  # an empty value of a session is none
        set_in_session(owner, name, text)
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=says):
            value(owner, name)


def test_unknown_names_are_refused(owner: Connection) -> None:
    says = 'unrecognized configuration parameter "pg_durable.retention"'
    with pytest.raises(psycopg.errors.UndefinedObject, match=says):
        set_in_table(owner, "pg_durable.retention", "7")
    with pytest.raises(psycopg.errors.UndefinedObject, match=says):
        value(owner, "pg_durable.retention")


def test_a_value_is_changed_and_removed(owner: Connection) -> None:
    for text in ("7", "8"):
        set_in_table(owner, DAYS, text)
        assert value(owner, DAYS) == text
    owner.execute("UPDATE df._settings SET value = '009'")
    assert value(owner, DAYS) == "9"
    set_in_table(owner, DAYS, None)
    assert value(owner, DAYS) == "30"
    with pytest.raises(psycopg.errors.NullValueNotAllowed):
        owner.execute("INSERT INTO df._settings VALUES (%s, NULL)", [DAYS])


# ---- which value counts ------------------------------------------------------------------------------------

SOURCES = [
    # setting, in the table, of the database, in the session; what app sees, what the owner sees
    (DAYS, None, None, None, "30", "30"),
    (DAYS, "7", "8", "9", "7", "7"),
    (DAYS, None, "8", "9", "8", "8"),
    (DAYS, None, None, "9", "9", "9"),
    (LIMIT, None, None, "2000", "1000", "2000"),
    (LIMIT, None, None, "10", "10", "10"),
    (LIMIT, "50", None, "100", "50", "100"),
    (LIMIT, "50", None, "20", "20", "20"),
    (LIMIT, None, "5000", "4000", "4000", "4000"),
    (LIMIT, None, "5000", "6000", "5000", "6000"),
    (LIMIT, "50", "5000", None, "50", "50"),
    (AUTONOMOUS, None, None, "on", "off", "off"),
    (AUTONOMOUS, None, "on", None, "on", "on"),
    (AUTONOMOUS, "on", "off", "off", "on", "on"),
]


@pytest.mark.parametrize(("name", "table", "whole", "session", "app", "owner"), SOURCES)
def test_sources_in_their_order(
    database: DfDatabase, name: str, table: str, whole: str, session: str, app: str, owner: str
) -> None:
    if table:
        with database.connect(OWNER) as connection:
            set_in_table(connection, name, table)
    if whole:
        set_in_database(database, name, whole)
    for role, expected in (("app", app), (OWNER, owner)):
        with database.connect(role) as connection:
            if session:
                set_in_session(connection, name, session)
            assert (role, value(connection, name)) == (role, expected)


def test_a_value_of_another_database_or_of_a_role_does_not_count_as_trusted(database18: DfDatabase) -> None:
    with database18.connect("postgres") as superuser:
        superuser.execute(f"ALTER DATABASE postgres SET {LIMIT} = '7777'".encode())
        superuser.execute(f"ALTER ROLE app SET {LIMIT} = '8888'".encode())
    try:
        with database18.connect("app") as connection:
            assert value(connection, LIMIT) == "1000"
    finally:
        with database18.connect("postgres") as superuser:
            superuser.execute("ALTER ROLE app RESET ALL")
            superuser.execute("ALTER DATABASE postgres RESET ALL")


def test_a_definer_function_of_the_owner_does_not_make_a_session_trusted(database: DfDatabase) -> None:
    with database.connect(OWNER) as connection:
        connection.execute(
            f"""
            CREATE FUNCTION public.peek() RETURNS text LANGUAGE sql SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS $$ SELECT df._setting('{LIMIT}') $$""".encode()
        )
    with database.connect("app") as connection:
        set_in_session(connection, LIMIT, "2000")
        assert connection.execute("SELECT public.peek()").fetchone() == ("1000",)
    with database.connect("postgres") as superuser:
        set_in_session(superuser, LIMIT, "2000")
        assert value(superuser, LIMIT) == "2000"
        superuser.execute("SET ROLE app")
        assert value(superuser, LIMIT) == "1000"


def test_only_the_owner_writes_settings_and_reads_secret_ones(database: DfDatabase, app: Connection) -> None:
    secret = "dfsql.autonomous_conninfo"
    with database.connect(OWNER) as connection:
        set_in_table(connection, secret, "host=/run/x password=s3cret")
        set_in_table(connection, DAYS, "7")
        assert value(connection, secret) == "host=/run/x password=s3cret"
    assert app.execute("SELECT name, value FROM df._settings").fetchall() == [(DAYS, "7")]
    assert value(app, secret) == ""
    for attempt in (
        "INSERT INTO df._settings VALUES ('dfsql.autonomous', 'on')",
        "UPDATE df._settings SET value = '8'",
        "DELETE FROM df._settings",
        "SELECT df._set('dfsql.autonomous', 'on')",
        "SELECT df._set('dfsql.autonomous', NULL)",
        "UPDATE df._known_settings SET session_value = 'any'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(attempt.encode())


def test_target_database(database: DfDatabase, app: Connection) -> None:
    assert app.execute("SELECT df.target_database()").fetchone() == (database.name,)
    with database.connect(OWNER) as connection:
        set_in_table(connection, "pg_durable.database", "shop")
    assert app.execute("SELECT df.target_database()").fetchone() == ("shop",)


# ---- variables ---------------------------------------------------------------------------------------------


def test_variables_live_until_they_are_removed(app: Connection) -> None:
    assert app.execute("SELECT df.getvar('region')").fetchone() == (None,)
    assert app.execute("SELECT df.setvar('region', 'eu'), df.setvar('any {name}', '')").fetchone() == (
        "OK",
        "OK",
    )
    assert app.execute("SELECT df.getvar('region'), df.getvar('any {name}')").fetchone() == ("eu", "")
    assert app.execute("SELECT df.setvar('region', 'us'), df.getvar('Region')").fetchone() == ("OK", None)
    assert app.execute("SELECT df.getvar('region')").fetchone() == ("us",)
    assert app.execute("SELECT df.unsetvar('region'), df.unsetvar('nothing')").fetchone() == ("OK", "OK")
    assert app.execute("SELECT name FROM df.vars").fetchall() == [("any {name}",)]
    assert app.execute("SELECT df.clearvars()").fetchone() == ("OK",)
    assert app.execute("SELECT count(*) FROM df.vars").fetchone() == (0,)


def test_null_arguments_do_nothing(app: Connection) -> None:
    query = "SELECT df.setvar('a', NULL), df.setvar(NULL, 'b'), df.getvar(NULL), df.unsetvar(NULL)"
    assert app.execute(query).fetchone() == (None, None, None, None)
    assert app.execute("SELECT count(*) FROM df.vars").fetchone() == (0,)


def test_each_role_has_its_own(database: DfDatabase) -> None:
    for role in ("app", "other", "postgres"):
        with database.connect(role) as connection:
            connection.execute("SELECT df.setvar('who', current_user)")
    with database.connect("other") as connection:
        connection.execute("SELECT df.clearvars()")
    with database.connect("postgres") as connection:  # sees all, and still acts on its own only
        assert connection.execute("SELECT df.getvar('who')").fetchone() == ("postgres",)
        connection.execute("SELECT df.unsetvar('who')")
        connection.execute("SELECT df.clearvars()")
        assert connection.execute("SELECT owner::text, value FROM df.vars").fetchall() == [("app", "app")]


@pytest.mark.parametrize("role", ["labUser", "a b", 'quo"te'])
def test_roles_whose_names_need_quotes(database: DfDatabase, role: str) -> None:
    quoted = '"' + role.replace('"', '""') + '"'
    with database.connect("postgres") as superuser:
        superuser.execute(f"CREATE ROLE {quoted} LOGIN".encode())
        try:
            superuser.execute("SELECT df.grant_usage(%s)", [role])
            superuser.execute(f"SET ROLE {quoted}".encode())
            superuser.execute("SELECT df.setvar('a', 'b')")
            assert superuser.execute("SELECT df.getvar('a')").fetchone() == ("b",)
            assert superuser.execute("SELECT count(*) FROM df.vars").fetchone() == (1,)
        finally:
            superuser.execute("RESET ROLE")
            superuser.execute(f"DROP OWNED BY {quoted}".encode())
            superuser.execute(f"DROP ROLE {quoted}".encode())


def test_variables_are_part_of_the_transaction(app: Connection) -> None:
    with app.transaction(force_rollback=True):
        app.execute("SELECT df.setvar('a', 'b')")
    assert app.execute("SELECT df.getvar('a')").fetchone() == (None,)


INSIDE = [
    ("df.setvar('a', 'b')", "df.setvar() cannot be called inside a workflow - set variables before starting the workflow"),
    ("df.unsetvar('a')", "df.unsetvar() cannot be called inside a workflow - manage variables before starting the workflow"),
    ("df.clearvars()", "df.clearvars() cannot be called inside a workflow - manage variables before starting the workflow"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "says"), INSIDE)
def test_a_workflow_only_reads_them(app: Connection, call: str, says: str) -> None:
    app.execute("SELECT df.setvar('a', 'before')")
    set_in_session(app, "df.in_workflow", "true")
    with pytest.raises(psycopg.errors.RaiseException) as caught:
        app.execute(f"SELECT {call}".encode())
    assert caught.value.diag.message_primary == says
    assert app.execute("SELECT df.getvar('a')").fetchone() == ("before",)
    set_in_session(app, "df.in_workflow", "false")
    app.execute(f"SELECT {call}".encode())


FAILURES = [
    ("df.setvar('a', 'b')", "Failed to set variable: permission denied for table vars"),
    ("df.unsetvar('a')", "Failed to unset variable: permission denied for table vars"),
    ("df.clearvars()", "Failed to clear variables: permission denied for table vars"),
]


@pytest.mark.parametrize(("call", "says"), FAILURES)
def test_other_failures_say_what_failed(database: DfDatabase, app: Connection, call: str, says: str) -> None:
    with database.connect(OWNER) as owner:
        owner.execute("REVOKE INSERT, DELETE ON df.vars FROM app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        app.execute(f"SELECT {call}".encode())
    assert caught.value.diag.message_primary == says


@pytest.mark.parametrize("call", ["df.setvar('a', 'b')", "df.unsetvar('a')", "df.clearvars()"])
def test_setup_helpers_leave_a_mark_for_their_statement(app: Connection, call: str) -> None:
    marked = f"""SELECT {call}, split_part(current_setting('df.non_future_helper', true), E'\n', 1),
        split_part(current_setting('df.non_future_helper', true), E'\n', 2) = statement_timestamp()::text"""
    name = call.partition("(")[0]
    with app.transaction():
        assert app.execute(marked.encode()).fetchone() == ("OK", name, True)
        later = "SELECT split_part(current_setting('df.non_future_helper'), E'\n', 2) = statement_timestamp()::text"
        assert app.execute(later.encode()).fetchone() == (False,)
    assert app.execute("SELECT current_setting('df.non_future_helper', true)").fetchone() == ("",)


def test_reading_leaves_no_mark(app: Connection) -> None:
    query = "SELECT df.getvar('a'), coalesce(current_setting('df.non_future_helper', true), '')"
    assert app.execute(query).fetchone() == (None, "")
