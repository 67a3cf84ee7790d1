"""Instances as their owner sees them: lists, details, and what can be asked of one. Every call is one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

STATUSES = ("pending", "running", "completed", "failed", "cancelled")
LIVE = ("pending", "running")

_FIND = """
    SELECT i.id, i.label, i.status, i.submitted_by::text, i.database, i.created_at, i.updated_at, i.completed_at,
           coalesce(r.generation, 1), r.output
    FROM df.instances i LEFT JOIN _duroxide.runs r ON r.instance_id = i.id"""


@dataclass(frozen=True)
class Instance:
    """One started workflow."""

    id: str
    label: str | None
    status: str
    role: str
    database: str | None  # where its SQL runs; None: the database it was started in
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    generation: int  # 1, and one more for every iteration of a loop at the root
    output: str | None  # of an ended one: result, error, or reason of the cancel

    @property
    def has_ended(self) -> bool:
        return self.status not in LIVE


def find(connection: "psycopg.Connection[Any]", instance_id: str) -> Instance | None:
    """The instance, None where the role sees none of that id."""
    row = connection.execute(f"{_FIND} WHERE i.id = %s", (instance_id,)).fetchone()
    return None if row is None else Instance(*row)


def newest(connection: "psycopg.Connection[Any]", statuses: Sequence[str], limit: int) -> list[Instance]:
    """At most so many of the instances in one of these states that the role sees, newest first."""
    order = "ORDER BY i.created_at DESC, i.id LIMIT %s"
    rows = connection.execute(f"{_FIND} WHERE i.status = ANY (%s) {order}", (list(statuses), limit))
    return [Instance(*row) for row in rows.fetchall()]


def result_of(connection: "psycopg.Connection[Any]", instance_id: str) -> str | None:
    """The result as JSON text, None while there is none."""
    return _text(connection, "SELECT df.result(%s)", instance_id)


def tree_of(connection: "psycopg.Connection[Any]", instance_id: str) -> str:
    """The tree with the state of every step, as the server writes it."""
    return _text(connection, "SELECT df.explain(%s)", instance_id) or ""


def cancel(connection: "psycopg.Connection[Any]", instance_id: str, reason: str | None) -> str:
    """Cancels an instance; what the server answers."""
    if reason is None:
        return _text(connection, "SELECT df.cancel(%s)", instance_id) or ""
    return _text(connection, "SELECT df.cancel(%s, %s)", instance_id, reason) or ""


def send_signal(connection: "psycopg.Connection[Any]", instance_id: str, name: str, data: str) -> None:
    """Sends a signal with JSON text, or any other text, which the server makes a JSON string."""
    _text(connection, "SELECT df.signal(%s, %s, %s)", instance_id, name, data)


def retry(connection: "psycopg.Connection[Any]", instance_id: str) -> str:
    """A new instance that goes on from the step that failed; its id."""
    return _text(connection, "SELECT df.retry_instance(%s)", instance_id) or ""


def _text(connection: "psycopg.Connection[Any]", query: str, *values: str) -> str | None:
    row = connection.execute(query.encode(), values).fetchone()
    return None if row is None else row[0]
