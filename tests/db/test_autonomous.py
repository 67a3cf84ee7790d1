"""Effects outside of the caller's transaction: transaction_mode => 'new' and dfsql.autonomous, over a loopback of dblink."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from df_calls import as_worker, one, start
from df_database import OWNER, Connection, DfDatabase
from psycopg import sql

pytestmark = pytest.mark.needs_postgres

START_NEW = "SELECT df.start(%s, transaction_mode => 'new')"
FAILED = "df.start() on new transaction failed: "
LAUNCH_CLASS = 1346982470
APPLICATION = "pg_durable:backend:new-transaction"


@pytest.fixture
def bare(database: DfDatabase) -> DfDatabase:
    """A database in which df.start works, without dblink."""
    database.pretend_ready()
    return database


@pytest.fixture
def ready(bare: DfDatabase) -> DfDatabase:
    """The same with a loopback."""
    superuser(bare, "CREATE EXTENSION dblink")
    superuser(bare, f"GRANT EXECUTE ON FUNCTION dblink_connect_u(text, text) TO {OWNER}")
    as_worker(bare, "SELECT df._set('dfsql.autonomous_conninfo', %s)", f"host={bare.server.folder}")
    return bare


@pytest.fixture
def app(bare: DfDatabase) -> Iterator[Connection]:
    """A connection of `app`."""
    with bare.connect() as connection:
        yield connection


def superuser(database: DfDatabase, statement: str) -> list[tuple[object, ...]]:
    with database.connect("postgres") as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def refused(connection: Connection, query: str, *values: object) -> psycopg.Error:
    """The error of a call that must fail; afterwards neither a slot nor a connection of dblink may be left."""
    with pytest.raises(psycopg.Error) as caught:
        one(connection, query, *values)
    connection.rollback()
    assert own_slots(connection) == 0
    return caught.value


def own_slots(connection: Connection) -> object:
    return one(
        connection,
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND classid = %s::oid",
        LAUNCH_CLASS,
    )


def raising_trigger(database: DfDatabase, statement: str) -> None:
    """Every insert into df.instances fails with that RAISE."""
    as_worker(
        database,
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + statement + " END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT ON df.instances FOR EACH ROW EXECUTE FUNCTION public.refuse()",
    )  # fmt: skip


# Launches


def test_a_launch_survives_the_callers_rollback(ready: DfDatabase, app: Connection) -> None:
    with app.transaction(force_rollback=True):
        kept = one(app, START_NEW, "SELECT 1")
        assert one(app, "SELECT df.status(%s)", kept) == "pending"
        lost = start(app)
    assert one(app, "SELECT df.status(%s)", kept) == "pending"
    assert one(app, "SELECT df.status(%s)", lost) is None
    assert as_worker(ready, "SELECT scope_id FROM _duroxide.scopes") == [(kept,)]
    assert own_slots(app) == 0
    assert as_worker(ready, "SELECT count(*) FROM _duroxide.loopback_requests") == [(0,)]


def test_label_and_texts_arrive_unchanged(app: Connection, ready: DfDatabase) -> None:
    query, label = "SELECT 'it''s \\', $$%L$$, E'\\n', 'ü☂'", 'o\'clock \\ "x" ☂'
    instance = one(app, "SELECT df.start(%s, %s, %s, 'New')", query, label, ready.name)
    assert one(app, "SELECT query FROM df.nodes WHERE instance_id = %s", instance) == query
    row = app.execute("SELECT label, database FROM df.instances WHERE id = %s", [instance]).fetchone()
    assert row == (label, ready.name)


@pytest.mark.usefixtures("ready")
def test_only_committed_variables_are_captured(bare: DfDatabase, app: Connection) -> None:
    one(app, "SELECT df.setvar('v', 'old')")
    with app.transaction():
        one(app, "SELECT df.setvar('v', 'new')")
        one(app, START_NEW, '{"node_type":"SQL","query":"SELECT 1"}')
    assert as_worker(bare, "SELECT vars ->> 'v' FROM _duroxide.runs") == [("old",)]


def test_the_session_of_a_launch(ready: DfDatabase, app: Connection) -> None:
    raising_trigger(
        ready,
        "RAISE '%', concat_ws(' ', session_user, current_user, current_setting('application_name'),"
        " current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('df.in_workflow'));",
    )
    error = refused(app, START_NEW, "SELECT 1")
    assert error.diag.message_primary == f"{FAILED}app app {APPLICATION} 30s 30s false"


@pytest.mark.parametrize(
    ("code", "message", "text"),
    [
        ("55P03", "canceling statement due to lock timeout",
         "pg_durable: transaction_mode => 'new' launch hit lock_timeout after 30000ms while waiting on a lock in the"
         " loopback session: "),
        ("57014", "canceling statement due to statement timeout",
         "pg_durable: transaction_mode => 'new' launch hit statement_timeout after 30000ms while running df.start() in"
         " the loopback session: "),
        ("55P03", "could not obtain lock", FAILED),
        ("57014", "canceling statement due to user request", FAILED),
        ("23514", "no", FAILED),
    ],
)  # fmt: skip
def test_errors_of_the_other_session(
    ready: DfDatabase, app: Connection, code: str, message: str, text: str
) -> None:
    raising_trigger(ready, f"RAISE '{message}' USING ERRCODE = '{code}';")
    error = refused(app, START_NEW, "SELECT 1")
    said = str(error.diag.message_primary)
    assert said.startswith(text)
    assert said.endswith(message)
    assert error.sqlstate == code
    deadline = time.monotonic() + 5  # a backend needs a moment to end
    sessions = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{APPLICATION}'"
    while superuser(ready, sessions) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.usefixtures("ready")
def test_an_invalid_workflow(app: Connection) -> None:
    error = refused(app, START_NEW, '{"node_type":"NOPE"}')
    assert str(error.diag.message_primary).startswith(
        f"{FAILED}Invalid durable function: Unknown node_type 'NOPE'."
    )


def test_who_may_not_launch(ready: DfDatabase, app: Connection) -> None:
    app.execute("SET df.in_workflow = 'true'")
    error = refused(app, START_NEW, "SELECT 1")
    assert str(error.diag.message_primary).startswith(
        "df.start() with transaction_mode => 'new' cannot be called inside a workflow - a df.sql() node already runs"
    )
    superuser(ready, "CREATE ROLE no_login_here; SELECT df.grant_usage('no_login_here')")
    try:
        with ready.connect("postgres") as connection:
            connection.execute("SET ROLE no_login_here")
            error = refused(connection, START_NEW, "SELECT 1")
        assert str(error.diag.message_primary).startswith(
            'current_user "no_login_here" does not have LOGIN privilege.'
        )
    finally:
        superuser(ready, "DROP OWNED BY no_login_here; DROP ROLE no_login_here")


# Whose instance it is


def test_the_effective_role_counts(ready: DfDatabase, app: Connection) -> None:
    with ready.connect("postgres") as connection:
        connection.execute("SET ROLE other")
        instance = one(connection, START_NEW, "SELECT 1")
    assert as_worker(ready, "SELECT id, submitted_by::text FROM df.instances") == [(instance, "other")]
    superuser(
        ready,
        "CREATE FUNCTION public.launch() RETURNS text LANGUAGE sql SECURITY DEFINER"
        " AS $$ SELECT df.start('SELECT 2', transaction_mode => 'new') $$; ALTER FUNCTION public.launch() OWNER TO other",
    )
    instance = one(app, "SELECT public.launch()")
    assert as_worker(ready, "SELECT submitted_by::text FROM df.instances WHERE id = %s", instance) == [
        ("other",)
    ]


def test_a_role_whose_name_needs_quotes(ready: DfDatabase) -> None:
    role = "odd 'one\\ \"x"
    name = sql.Identifier(role)
    with ready.connect("postgres") as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        try:
            admin.execute("SELECT df.grant_usage(%s)", [role])
            with ready.connect("postgres") as connection:
                connection.execute(sql.SQL("SET ROLE {}").format(name))
                assert (
                    one(connection, "SELECT df.status(df.start('SELECT 1', transaction_mode => 'new'))")
                    == "pending"
                )
            assert (
                one(
                    admin,
                    "SELECT count(*) FROM df.instances WHERE submitted_by = quote_ident(%s)::regrole",
                    role,
                )
                == 1
            )
        finally:
            admin.execute("TRUNCATE df.instances, df.nodes, _duroxide.runs")
            admin.execute(sql.SQL("DROP OWNED BY {}").format(name))
            admin.execute(sql.SQL("DROP ROLE {}").format(name))


def test_requests_cannot_be_forged(ready: DfDatabase, app: Connection) -> None:
    insert = "INSERT INTO _duroxide.loopback_requests (key, kind, arguments{}) VALUES ('{}', 'signal', '{{x,y,1}}'{})"
    key = "00000000-0000-0000-0000-000000000001"
    superuser(ready, "CREATE ROLE sees_all LOGIN BYPASSRLS")
    try:
        for role in ("app", "sees_all"):
            with ready.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(insert.format(", requested_by", key, ", 'other'::regrole").encode())
    finally:
        superuser(ready, "DROP ROLE sees_all")
    assert (
        refused(app, "SELECT _duroxide.loopback(gen_random_uuid())").diag.message_primary
        == "there is no such request"
    )
    with app.transaction():
        app.execute(insert.format("", key, "").encode())
        with ready.connect("other") as other:
            assert "no such request" in str(refused(other, "SELECT _duroxide.loopback(%s)", key))
        assert one(app, "SELECT _duroxide.loopback(%s)", key) == "false"
    for function in (
        "run_in_loopback('postgres', 'SELECT 1')",
        "dblink_schema()",
        "loopback_conninfo('postgres')",
    ):
        assert isinstance(refused(app, f"SELECT _duroxide.{function}"), psycopg.errors.InsufficientPrivilege)


def test_the_limit_cannot_be_passed_by(ready: DfDatabase, app: Connection) -> None:
    key = "00000000-0000-0000-0000-000000000001"
    call = (
        f"INSERT INTO _duroxide.loopback_requests (key, kind, arguments) VALUES ('{key}', 'start', '{{SELECT 1,NULL,NULL}}')",
        f"SELECT _duroxide.loopback('{key}')",
    )
    with pytest.raises(psycopg.Error, match=r"^no launch slot is held"), app.transaction():
        app.execute("SELECT pg_advisory_xact_lock(%s, 7)", [LAUNCH_CLASS])  # beyond the limit of 2
        for statement in call:
            app.execute(statement.encode())
    assert as_worker(ready, "SELECT count(*) FROM df.instances") == [(0,)]


# Slots


def test_waiting_for_a_slot(ready: DfDatabase, app: Connection) -> None:
    as_worker(ready, "SELECT df._set('pg_durable.new_transaction_start_timeout', '1')")
    with ready.connect("other") as holder:
        for slot in (0, 1):
            holder.execute("SELECT pg_advisory_lock(%s, %s)", [LAUNCH_CLASS, slot])
        app.execute("SET pg_durable.max_new_transaction_starts = 50")  # nobody lifts the limit in a session
        begun = time.monotonic()
        error = refused(app, START_NEW, "SELECT 1")
        assert 0.9 < time.monotonic() - begun < 5
        assert error.diag.message_primary == (
            "pg_durable: transaction_mode => 'new' launch limit reached (max_new_transaction_starts=2). Timed out after 1s"
            " waiting for a launch slot before opening the loopback session."
        )
        assert as_worker(ready, "SELECT count(*) FROM df.instances") == [(0,)]
        holder.execute("SELECT pg_advisory_unlock(%s, 1)", [LAUNCH_CLASS])
        assert one(app, START_NEW, "SELECT 1")


def test_a_cancelled_caller_leaves_nothing_behind(ready: DfDatabase, app: Connection) -> None:
    with ready.connect(OWNER, autocommit=False) as blocker:
        blocker.execute("LOCK TABLE df.instances IN ACCESS EXCLUSIVE MODE")
        app.execute("SET statement_timeout = '400ms'")
        begun = time.monotonic()
        with pytest.raises(
            psycopg.errors.QueryCanceled, match=r"^canceling statement due to statement timeout"
        ):
            app.execute(b"SELECT df.start('SELECT 1', transaction_mode => 'new')")
        assert time.monotonic() - begun < 5
        assert own_slots(app) == 0
        blocker.rollback()
    deadline = time.monotonic() + 10
    query = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{APPLICATION}'"
    while superuser(ready, query) != [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert as_worker(ready, "SELECT count(*) FROM df.instances") == [(0,)]
    app.execute("SET statement_timeout = 0")
    assert one(app, START_NEW, "SELECT 1")


# What is missing


def test_without_dblink(bare: DfDatabase, app: Connection) -> None:
    error = refused(app, START_NEW, "SELECT 1")
    assert (
        error.diag.message_primary
        == f'{FAILED}the extension dblink is not installed in database "{bare.name}"'
    )
    assert "CREATE EXTENSION dblink" in str(error.diag.message_hint)
    assert as_worker(bare, "SELECT count(*) FROM df.instances") == [(0,)]
    instance = start(app)
    as_worker(bare, "SELECT df._set('dfsql.autonomous', 'on')")
    error = refused(app, "SELECT df.signal(%s, 'go')", instance)
    assert str(error.diag.message_primary).startswith(
        "Failed to send signal: the extension dblink is not installed"
    )
    assert "CREATE EXTENSION dblink" in str(error.diag.message_hint)


def test_without_the_right_to_connect(bare: DfDatabase, app: Connection) -> None:
    superuser(bare, 'CREATE SCHEMA "Far Away"; CREATE EXTENSION dblink SCHEMA "Far Away"')
    error = refused(app, START_NEW, "SELECT 1")
    assert error.diag.message_primary == f'{FAILED}role "{OWNER}" may not open connections with dblink'
    as_worker(bare, "SELECT df._set('dfsql.autonomous_conninfo', %s)", f"host={bare.server.folder}")
    superuser(bare, str(error.diag.message_hint).split(": ", 1)[1])  # the hint is enough
    assert one(app, START_NEW, "SELECT 1")


@pytest.mark.parametrize(
    ("conninfo", "text"),
    [
        ("host=/nowhere/at/all", 'the loopback connection as "app" cannot be opened: '),
        ("secret words", "the setting dfsql.autonomous_conninfo is no list of keyword=value"),
        ("postgresql://secret@host/db", "the setting dfsql.autonomous_conninfo is no list of keyword=value"),
    ],
)
def test_a_loopback_that_leads_nowhere(ready: DfDatabase, app: Connection, conninfo: str, text: str) -> None:
    as_worker(ready, "SELECT df._set('dfsql.autonomous_conninfo', %s)", conninfo)
    error = refused(app, START_NEW, "SELECT 1")
    assert str(error.diag.message_primary).startswith(FAILED + text)
    assert error.diag.message_hint
    assert "secret" not in str(error)


def test_the_setting_cannot_change_the_role(ready: DfDatabase, app: Connection) -> None:
    conninfo = f"host={ready.server.folder} user=postgres dbname=postgres"
    as_worker(ready, "SELECT df._set('dfsql.autonomous_conninfo', %s)", conninfo)
    instance = one(app, START_NEW, "SELECT 1")
    assert as_worker(ready, "SELECT id, submitted_by::text FROM df.instances") == [(instance, "app")]


# Signals


@pytest.fixture
def autonomous(ready: DfDatabase) -> DfDatabase:
    """A database in which signals take effect at once."""
    as_worker(ready, "SELECT df._set('dfsql.autonomous', 'on')")
    return ready


def inbox(database: DfDatabase) -> list[tuple[object, ...]]:
    return as_worker(
        database, "SELECT instance_id, name, payload, sent_by::regrole::text FROM _duroxide.inbox ORDER BY id"
    )


def test_a_signal_takes_effect_at_once(autonomous: DfDatabase, app: Connection) -> None:
    instance = start(app)
    with app.transaction(force_rollback=True):
        assert one(app, "SELECT df.signal(%s, 'go', %s)", instance, """{"it's": "\\\\"}""") == "OK"
        assert inbox(autonomous) == [(instance, "go", '{"it\'s":"\\\\"}', "app")]
    assert len(inbox(autonomous)) == 1


def test_signal_and_await_in_one_block(autonomous: DfDatabase, app: Connection) -> None:
    """The worker is played by a trigger: whoever gets the message completes the instance."""
    as_worker(
        autonomous,
        "CREATE FUNCTION public.worker() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN UPDATE df.instances SET status = 'completed' WHERE id = NEW.instance_id; RETURN NULL; END $$;"
        "CREATE TRIGGER worker AFTER INSERT ON _duroxide.inbox FOR EACH ROW EXECUTE FUNCTION public.worker()",
    )
    instance = start(app)
    app.execute(
        f"DO $$ BEGIN PERFORM df.signal('{instance}', 'go');"
        f" IF df.await_instance('{instance}', 5) <> 'completed' THEN RAISE 'wrong'; END IF; END $$".encode()
    )


def test_an_instance_that_only_this_transaction_sees(autonomous: DfDatabase, app: Connection) -> None:
    with app.transaction(force_rollback=True):
        one(app, "SELECT df.signal(%s, 'go')", start(app))
    assert inbox(autonomous) == []
    with app.transaction():
        instance = start(app)
        one(app, "SELECT df.signal(%s, 'go')", instance)
    assert [row[:2] for row in inbox(autonomous)] == [(instance, "go")]


def test_inside_a_step_a_signal_belongs_to_the_step(autonomous: DfDatabase, app: Connection) -> None:
    instance = start(app)
    app.execute("SET df.in_workflow = 'true'")
    with app.transaction(force_rollback=True):
        one(app, "SELECT df.signal(%s, 'go')", instance)
    assert inbox(autonomous) == []


def test_no_signal_to_strangers_or_to_what_has_ended(autonomous: DfDatabase, app: Connection) -> None:
    instance = start(app)
    with autonomous.connect("other") as other:
        error = refused(other, "SELECT df.signal(%s, 'go')", instance)
        assert error.diag.message_primary == f"Instance not found or access denied: {instance}"
    as_worker(autonomous, "UPDATE df.instances SET status = 'failed'")
    assert one(app, "SELECT df.signal(%s, 'go')", instance) == "OK"
    assert inbox(autonomous) == []


def test_off_by_default_and_not_for_sessions_to_switch_on(ready: DfDatabase, app: Connection) -> None:
    instance = start(app)
    app.execute("SET dfsql.autonomous = on")
    with app.transaction(force_rollback=True):
        one(app, "SELECT df.signal(%s, 'go')", instance)
    assert inbox(ready) == []
