"""Small helpers to start instances and to wait for what becomes of them."""

import time
from collections.abc import Sequence
from typing import Any

from df_database import OWNER, DfDatabase

ENDED = ("completed", "failed", "cancelled")


def value(database: DfDatabase, query: str, params: Sequence[object] = (), role: str = OWNER) -> Any:
    """The only cell of a query."""
    with database.connect(role) as connection:
        row = connection.execute(query, params).fetchone()
    return None if row is None else row[0]


def until(database: DfDatabase, query: str, params: Sequence[object] = (), seconds: float = 30.0) -> None:
    """Wait for a query to be true."""
    deadline = time.monotonic() + seconds
    with database.connect("postgres") as connection:
        while (row := connection.execute(query, params).fetchone()) is None or row[0] is not True:
            assert time.monotonic() < deadline, f"never true: {query} {params}"
            time.sleep(0.02)


def start(database: DfDatabase, expression: str, role: str = "app") -> str:
    """Start an instance once a worker is ready; returns its id."""
    until(database, "SELECT df._worker_is_ready()")
    return str(value(database, f"SELECT df.start({expression})", role=role))


def end(database: DfDatabase, instance: str, seconds: float = 30.0) -> tuple[str, str]:
    """Wait for the end of an instance; returns its status and the engine's text."""
    until(
        database, "SELECT outcome IS NOT NULL FROM _duroxide.runs WHERE instance_id = %s", [instance], seconds
    )
    with database.connect("postgres") as connection:
        row = connection.execute(
            """SELECT i.status, r.output FROM df.instances i JOIN _duroxide.runs r ON r.instance_id = i.id
               WHERE i.id = %s""",
            [instance],
        ).fetchone()
    assert row is not None
    return str(row[0]), str(row[1])


def effects(database: DfDatabase, instance: str) -> list[str]:
    """The steps that have left a row, with doubles."""
    with database.connect("postgres") as connection:
        rows = connection.execute(
            "SELECT step FROM effects WHERE instance = %s ORDER BY 1", [instance]
        ).fetchall()
    return [str(row[0]) for row in rows]


def running(database: DfDatabase, what: str) -> None:
    """Wait until a step's statement that contains `what` is being executed."""
    until(
        database,
        """SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
           AND application_name = 'pg_durable:worker:workflow-sql' AND query LIKE %s)""",
        [f"%{what}%"],
    )
