"""The short chaos: workers and the server are killed while 300 instances run."""

from collections.abc import Iterator

import pytest
from crash_chaos import Chaos, Plan
from crash_checks import violations
from crash_workers import Launcher
from crash_workflows import prepare
from df_database import DfServer
from postgres_server import PostgresServer, UnavailableError, binaries

MOST_SECONDS_TO_PROGRESS = 5.0


@pytest.fixture(scope="module")
def durable_server() -> Iterator[PostgresServer]:
    """A server whose commits are on disk, as it will be killed."""
    try:
        binaries()
    except UnavailableError as reason:
        pytest.skip(str(reason))
    server = PostgresServer(settings=("fsync=on",))
    try:
        yield server
    finally:
        server.stop()


def test_short_chaos(durable_server: PostgresServer, launcher: Launcher) -> None:
    """Ten kills of workers and one of the server: nothing lost, nothing doubled, nothing stuck."""
    plan = Plan(instances=300, workers=3, worker_kills=10, server_kills=1, limit=60)
    with DfServer(durable_server).database() as database:
        prepare(database)
        report = Chaos(plan, durable_server, database, launcher).run()
        assert violations(database) == []
        assert (report.worker_kills, report.server_kills) == (10, 1)
        assert max(report.first_progress) <= MOST_SECONDS_TO_PROGRESS
        with database.connect("postgres") as connection:
            assert connection.execute("SELECT count(*) FROM effects").fetchone() == (300 * 6,)
