"""`dfsql cancel`: stops an instance."""

import click

from . import database
from .console import say, write
from .instances import known, opened
from .status import Status


@click.command("cancel", short_help="Stop an instance.")
@click.argument("instance", metavar="ID")
@click.option("--reason", metavar="TEXT", help="Why; kept with the instance.")
@database.dsn
def command(instance: str, reason: str | None, dsn: str | None) -> Status:
    """Cancels an instance: no further step begins, and the SQL that is running is stopped.

    Exit status 1: it has ended already. 4: no such instance.
    """
    with opened(dsn) as connection:
        from ..runtime import cancel

        found = known(connection, instance)
        if found.has_ended:
            say(f"instance {instance} has ended already: it is {found.status}")
            return Status.FINDINGS
        answer = cancel(connection, instance, reason)
    if answer.startswith("Failed"):
        say(answer)
        return Status.FINDINGS
    write(f"{answer}\n")
    return Status.OK
