"""Waiting for an instance: its state until it has ended, and whether anybody works on it."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .instances import Instance, find

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.1  # seconds between two looks
SILENCE = 15  # seconds without a beat after which a worker counts as dead

# A worker keeps a session open for notifications; its name is to be seen by every role.
_SESSION = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                   WHERE a.application_name = 'pg_durable:worker:poll' AND a.datname = pg_catalog.current_database())"""
_MAY_SEE_BEATS = "SELECT pg_catalog.has_table_privilege('df._worker_epoch', 'SELECT')"
_BEAT = """
    SELECT EXISTS (SELECT FROM df._worker_epoch w
                   WHERE w.last_seen_at > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %s))"""
_OWNS = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
                   WHERE n.nspname = 'df' AND r.rolname = current_user)"""


def has_worker(connection: "psycopg.Connection[Any]") -> bool:
    """Whether a worker lives in this database: it is connected and, where the role may see that, it beats."""
    if not _yes(connection, _SESSION):
        return False
    return not _yes(connection, _MAY_SEE_BEATS) or _yes(connection, _BEAT, SILENCE)


def may_work(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the role owns schema df, as a worker's must."""
    return _yes(connection, _OWNS)


def is_ready(connection: "psycopg.Connection[Any]") -> bool:
    """Whether df.start takes workflows: a worker has prepared the installation."""
    return _yes(connection, "SELECT df._worker_is_ready()")


class Connections:
    """One connection of autocommit that is opened anew when it has broken.

    `lost` is called when that happens; after `patience` seconds without a server it is given up.
    """

    def __init__(
        self, connect: "Callable[[], psycopg.Connection[Any]]", *, patience: float, lost: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._patience = patience
        self._lost = lost
        self._connection: psycopg.Connection[Any] | None = None
        self._had_one = False

    def call(self, ask: "Callable[[psycopg.Connection[Any]], T]") -> T:
        """What `ask` returns; it is asked again when the connection breaks. Raises psycopg.Error."""
        import psycopg

        deadline: float | None = None
        while True:
            try:
                return ask(self._open())
            except psycopg.OperationalError:
                answered = self._connection is not None and not self._connection.broken
                if answered or not self._had_one:
                    raise
                self.close()
                if deadline is None:
                    deadline = time.monotonic() + self._patience
                    self._lost()
                elif time.monotonic() > deadline:
                    raise
            time.sleep(LONGEST_PAUSE)

    def close(self) -> None:
        """Closes the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> "psycopg.Connection[Any]":
        if self._connection is None:
            self._connection = self._connect()
            self._connection.autocommit = True
            self._had_one = True
        return self._connection


def states(connections: Connections, instance_id: str) -> Iterator[Instance]:
    """What the instance is, look by look, until it has ended; nothing where the role sees no such instance."""
    pause = FIRST_PAUSE
    while True:
        found = connections.call(lambda connection: find(connection, instance_id))
        if found is None:
            return
        yield found
        if found.has_ended:
            return
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _yes(connection: "psycopg.Connection[Any]", query: str, *values: object) -> bool:
    row = connection.execute(query.encode(), values).fetchone()
    return bool(row and row[0])
