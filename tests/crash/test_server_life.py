"""What happens around a live worker: restarts of the server, reinstallation, roles and databases that go."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from crash_instances import effects, end, running, start, until, value
from crash_workers import Launcher, WorkerProcess
from crash_workflows import TABLES, note, prepare
from df_database import OWNER, DfDatabase, DfServer, other_binaries
from postgres_server import PostgresServer, UnavailableError, binaries
from psycopg import sql

from dfsql.sql import install, uninstall

READY_SECONDS = 15.0
FAILED = "SQL execution failed: error returned from database: "


@contextmanager
def _worker(launcher: Launcher, database: DfDatabase) -> Iterator[WorkerProcess]:
    worker = launcher.start(database.dsn(OWNER))
    try:
        yield worker
        assert worker.status is None, "the worker has ended by itself"
    finally:
        assert worker.stop() == 0


@pytest.fixture(scope="module", params=["18", "15"])
def own_server(request: pytest.FixtureRequest) -> Iterator[tuple[PostgresServer, DfServer]]:
    """A server that nobody else needs."""
    try:
        programs = binaries() if request.param == "18" else other_binaries()
    except UnavailableError as reason:
        pytest.skip(str(reason))
    server = PostgresServer(programs)
    try:
        yield server, DfServer(server)
    finally:
        server.stop()


@pytest.mark.parametrize("how", ["halt", "crash"])
def test_server_restart(own_server: tuple[PostgresServer, DfServer], launcher: Launcher, how: str) -> None:
    """While instances run, sleep and wait for signals: all of them go on, each step once, with the same worker."""
    server, df_server = own_server
    with df_server.database() as database:
        prepare(database)
        with _worker(launcher, database):
            loop = f"df.loop({note('x')} ~> 'SELECT pg_sleep(0.1)')"
            waiting = start(database, f"df.wait_for_signal('go') ~> {note('signalled')}")
            sleeping = start(database, f"{note('slept')} ~> df.sleep(2) ~> {note('woken')}")
            slow = start(database, f"{note('one')} ~> 'SELECT pg_sleep(1)' ~> {note('two')}")
            looping = start(database, loop)
            running(database, "pg_sleep(1)")
            getattr(server, how)()
            time.sleep(0.5)
            server.start()
            ready = time.monotonic()
            before = len(effects(database, looping))
            until(
                database,
                "SELECT count(*) > %s FROM effects WHERE instance = %s",
                [before, looping],
                seconds=5,
            )
            print("first progress", time.monotonic() - ready)
            value(database, "SELECT df.signal(%s, 'go')", [waiting], role="app")
            value(database, "SELECT df.cancel(%s)", [looping], role="app")
            assert [end(database, one)[0] for one in (waiting, sleeping, slow, looping)] == [
                "completed",
                "completed",
                "completed",
                "cancelled",
            ]
        assert effects(database, waiting) == ["signalled"]
        assert effects(database, sleeping) == ["slept", "woken"]
        assert effects(database, slow) == ["one", "two"]


def test_reinstallation_under_a_live_worker(database: DfDatabase, launcher: Launcher) -> None:
    """Ready again within 15 s, and new instances run; those of the old installation are gone with it."""
    with _worker(launcher, database):
        start(database, f"{note('old')} ~> 'SELECT pg_sleep(0.5)' ~> df.sleep(3600)")
        start(database, f"df.loop({note('x')} ~> 'SELECT pg_sleep(0.1)')")
        until(database, "SELECT count(*) > 2 FROM effects")
        with database.connect(OWNER) as connection:
            uninstall(connection, force=True)
            time.sleep(0.3)
            install(connection)
            connection.execute("SELECT df.grant_usage('app')")
        begun = time.monotonic()
        until(database, "SELECT df._worker_is_ready()", seconds=READY_SECONDS)
        print("ready again after", time.monotonic() - begun)
        assert end(database, start(database, note("new")))[0] == "completed"


def test_reinstallation_under_an_idle_worker(database18: DfDatabase, launcher: Launcher) -> None:
    """In no time, so that nobody notices before the next beat."""
    with _worker(launcher, database18):
        until(database18, "SELECT df._worker_is_ready()")
        with database18.connect(OWNER) as connection:
            uninstall(connection)
            install(connection)
            connection.execute("SELECT df.grant_usage('app')")
        until(database18, "SELECT df._worker_is_ready()", seconds=READY_SECONDS)
        assert end(database18, start(database18, note("new")))[0] == "completed"


def test_worker_before_the_installation(pg18: DfServer, launcher: Launcher) -> None:
    """A worker waits for schema df, without ending."""
    with pg18.empty_database() as database, _worker(launcher, database):
        time.sleep(1)
        with database.connect(OWNER) as connection:
            install(connection)
            connection.execute("SELECT df.grant_usage('app')")
            connection.execute(TABLES)
        assert end(database, start(database, note("new")))[0] == "completed"


@pytest.mark.parametrize(
    ("harm", "repair", "text"),
    [
        (
            "ALTER ROLE {role} NOLOGIN",
            "",
            "Failed to connect to database '{database}' as '{role}'. Error: error returned from database: "
            'role "{role}" is not permitted to log in',
        ),
        (
            "REVOKE ALL ON effects FROM {role}",
            "",
            FAILED + "permission denied for table effects",
        ),
        (
            "DROP OWNED BY {role}; DROP ROLE {role}",
            "",
            "Failed to connect to database '{database}' as '{role}'. Error: error returned from database: "
            'role "{role}" does not exist',
        ),
        (
            "REVOKE CONNECT ON DATABASE {database} FROM PUBLIC, {role}",
            "GRANT CONNECT ON DATABASE {database} TO PUBLIC",
            "Failed to connect to database '{database}' as '{role}'. Error: error returned from database: "
            'permission denied for database "{database}"',
        ),
    ],
    ids=["nologin", "revoked", "dropped", "no connect"],
)
def test_role_that_goes_during_a_sleep(
    database: DfDatabase, launcher: Launcher, harm: str, repair: str, text: str
) -> None:
    """The next step fails in the server's words, though its session was still open."""
    role = f"temp_{database.name}"
    names = {"role": sql.Identifier(role), "database": sql.Identifier(database.name)}
    with database.connect("postgres") as connection:
        connection.execute(sql.SQL("CREATE ROLE {role} LOGIN").format(**names))
        connection.execute("SELECT df.grant_usage(%s)", [role])
        connection.execute(sql.SQL("GRANT ALL ON effects TO {role}").format(**names))
        try:
            with _worker(launcher, database):
                steps = f"{note('one')} ~> df.sleep(1) ~> {note('two')} ~> {note('three')}"
                instance = start(database, steps, role=role)
                until(
                    database,
                    "SELECT EXISTS (SELECT FROM _duroxide.scopes WHERE scope_id = %s AND wait_node IS NOT NULL)",
                    [instance],
                )
                connection.execute(sql.SQL(harm).format(**names))
                status, output = end(database, instance, seconds=8)
        finally:
            if repair:
                connection.execute(sql.SQL(repair).format(**names))
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(sql.SQL("DROP OWNED BY {role}; DROP ROLE {role}").format(**names))
    assert (status, output) == ("failed", text.format(role=role, database=database.name))
    assert effects(database, instance) == ["one"]


def test_target_database_that_goes(server: DfServer, database: DfDatabase, launcher: Launcher) -> None:
    """Steps in another database: once it is dropped, the next one fails and is not tried again."""
    with server.empty_database() as target, _worker(launcher, database):
        until(database, "SELECT df._worker_is_ready()")
        query = "SELECT df.start('SELECT 1' ~> df.sleep(1) ~> 'SELECT 2', NULL, %s)"
        instance = value(database, query, [target.name], role="app")
        until(
            database,
            "SELECT EXISTS (SELECT FROM _duroxide.scopes WHERE scope_id = %s AND wait_node IS NOT NULL)",
            [instance],
        )
        with server.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(target.name)))
        status, output = end(database, instance, seconds=8)
    assert status == "failed"
    assert output == (
        f"Failed to connect to database '{target.name}' as 'app'. Error: error returned from database: "
        f'database "{target.name}" does not exist'
    )
