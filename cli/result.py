"""`dfsql result`: what a workflow has come to."""

import click

from . import database
from .console import say, write
from .instances import known, opened, why
from .status import Status


@click.command("result", short_help="Print the result of an instance.")
@click.argument("instance", metavar="ID")
@database.dsn
def command(instance: str, dsn: str | None) -> Status:
    """Prints the result of a completed instance as JSON.

    Exit status 1: it failed or was cancelled, and that is said. 4: it has not ended, or there is none.
    """
    with opened(dsn) as connection:
        from ..runtime import result_of

        found = known(connection, instance)
        result = result_of(connection, instance) if found.status == "completed" else None
    if found.status == "completed":
        write(f"{result or 'null'}\n")
        return Status.OK
    if found.has_ended:
        say(why(found))
        return Status.FINDINGS
    say(f"instance {instance} is {found.status}: no result yet (dfsql run --attach {instance} waits for it)")
    return Status.NOTHING
