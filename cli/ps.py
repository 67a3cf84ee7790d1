"""`dfsql ps`: the workflows that were started."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from . import database
from .console import say, write
from .instances import opened
from .status import Status

if TYPE_CHECKING:
    from ..runtime import Instance

# A copy, so that the command's help needs no library that executes; a test compares.
STATUSES = ("pending", "running", "completed", "failed", "cancelled")
MOST = 20


@click.command("ps", short_help="List the workflows that were started.")
@database.dsn
@click.option("--all", "every", is_flag=True, help="Also those that have ended.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those in this state.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=MOST, show_default=True, metavar="N", help="Most rows."
)
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def command(dsn: str | None, every: bool, status: str | None, limit: int, as_json: bool) -> Status:
    """Lists the workflows that were started and have not ended, newest first.

    A role sees its own; the owner of schema df sees all.
    """
    if every and status is not None:
        raise click.UsageError("--status names one state, --all means all of them: leave out one")
    with opened(dsn) as connection:
        from ..runtime import LIVE, newest

        wanted = [status] if status else STATUSES if every else LIVE
        found = newest(connection, wanted, limit + 1)
    rows = found[:limit]
    if as_json:
        write(json.dumps([facts(row) for row in rows], ensure_ascii=False, indent=2) + "\n")
    elif rows:
        write(_table(rows))
    else:
        say(
            "no instances"
            if every
            else f"no instance is {status}"
            if status
            else "nothing runs; --all lists what has ended"
        )
    if len(found) > limit:
        say(f"there are more: --limit {limit * 5} shows more of them")
    return Status.OK


def facts(instance: "Instance") -> dict[str, Any]:
    """An instance as JSON."""
    return {
        "id": instance.id,
        "label": instance.label,
        "status": instance.status,
        "role": instance.role,
        "database": instance.database,
        "created_at": _iso(instance.created_at),
        "updated_at": _iso(instance.updated_at),
        "completed_at": _iso(instance.completed_at),
        "execution": instance.generation,
        "result": json.loads(instance.output) if instance.status == "completed" and instance.output else None,
        "error": instance.output if instance.status in ("failed", "cancelled") else None,
    }


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _table(instances: "Sequence[Instance]") -> str:
    """Columns as wide as their widest cell; the role only where there are several."""
    roles = len({instance.role for instance in instances}) > 1
    head = ["ID", "STATUS", "STARTED", *(["ROLE"] if roles else []), "LABEL"]
    rows = [head]
    for one in instances:
        started = one.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        label = " ".join((one.label or "").split())
        rows.append([one.id, one.status, started, *([one.role] if roles else []), label])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)
