"""Databases with schema df for tests: one template per server, one fresh copy per test.

Roles: `dfowner` owns the databases, has installed df and is no superuser; `app` and `other` may use df; the
superuser is `postgres`; `outsider` was granted nothing. Every role may log in over the server's socket without a
password.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path

import psycopg
from postgres_server import PostgresServer, UnavailableError
from psycopg import sql

from dfsql.sql import install

OWNER = "dfowner"
USERS = ("app", "other")
OUTSIDER = "outsider"
_TEMPLATE = "df_template"
_DEBIAN = Path("/usr/lib/postgresql")

Connection = psycopg.Connection[tuple[object, ...]]


def other_binaries() -> Path:
    """The folder of a server older than the wheel's: PostgreSQL 15 if it is there, else the oldest since 14."""
    for major in (15, 14, 16, 17):
        folder = _DEBIAN / str(major) / "bin"
        if (folder / "postgres").exists():
            return folder
    raise UnavailableError(f"no PostgreSQL 14 to 17 in {_DEBIAN}")


class DfDatabase:
    """One database of a server."""

    def __init__(self, server: "DfServer", name: str) -> None:
        self.server = server
        self.name = name

    def dsn(self, role: str = "app") -> str:
        """What libpq needs to connect as a role."""
        return f"host={self.server.folder} user={role} dbname={self.name}"

    def connect(self, role: str = "app", *, autocommit: bool = True) -> Connection:
        """A new connection; it commits every statement by itself unless told otherwise."""
        return psycopg.connect(self.dsn(role), autocommit=autocommit)

    def pretend_ready(self) -> None:
        """Do what a worker does when it is ready, so that df.start works without one."""
        with self.connect(OWNER) as connection:
            connection.execute("""
                CREATE TABLE _duroxide._worker_ready (
                    sentinel boolean PRIMARY KEY DEFAULT true CONSTRAINT only_one_sentinel CHECK (sentinel),
                    schema_version integer NOT NULL,
                    initialized_at timestamptz NOT NULL DEFAULT now());
                GRANT SELECT ON _duroxide._worker_ready TO PUBLIC;
                INSERT INTO _duroxide._worker_ready (schema_version) VALUES (1)""")


def pretend_ready(database: DfDatabase) -> None:
    """The same as a function."""
    database.pretend_ready()


class DfServer:
    """A running server, its roles, and its databases."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._numbers = count(1)
        self.folder = server.folder
        self.programs = server.programs
        with server.connect() as connection:
            self.major = connection.info.server_version // 10000
            for role in (OWNER, *USERS, OUTSIDER):
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))

    def connect(self) -> Connection:
        """A connection of the superuser to the database `postgres`."""
        return self._server.connect()

    @contextmanager
    def empty_database(self, template: str = "template0") -> Iterator[DfDatabase]:
        """A new database of `dfowner`, without df; dropped at the end, whoever is still connected."""
        name = f"df_test_{next(self._numbers)}"
        self._create(name, template)
        try:
            yield DfDatabase(self, name)
        finally:
            with self.connect() as connection:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )

    @contextmanager
    def database(self) -> Iterator[DfDatabase]:
        """A new database of `dfowner` with df, open to `app` and `other`."""
        with self.empty_database(self._template) as database:
            yield database

    @cached_property
    def _template(self) -> str:
        """The database that `database` copies: df installed by its owner, in one transaction."""
        with self.connect() as superuser:  # of an attempt that failed
            superuser.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(_TEMPLATE)))
        self._create(_TEMPLATE, "template0")
        with DfDatabase(self, _TEMPLATE).connect(OWNER) as connection:
            install(connection)
            for role in USERS:
                connection.execute("SELECT df.grant_usage(%s)", [role])
        return _TEMPLATE

    def _create(self, name: str, template: str) -> None:
        # Copying files costs half of what writing them through the log does; the servers flush nothing.
        strategy = sql.SQL("STRATEGY file_copy" if self.major >= 15 else "")
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} {}").format(
            sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template), strategy
        )
        with self.connect() as connection:
            connection.execute(statement)
