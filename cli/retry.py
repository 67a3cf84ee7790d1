"""`dfsql retry`: goes on from where an instance failed."""

import click

from . import database
from .console import say, write
from .instances import known, opened
from .status import Status


@click.command("retry", short_help="Go on from where an instance failed.")
@click.argument("instance", metavar="ID")
@database.dsn
def command(instance: str, dsn: str | None) -> Status:
    """Starts a new instance that goes on where a failed or cancelled one stopped, and prints its id.

    What had completed is not done again. Exit status 1: it has not failed. 4: no such instance.
    """
    with opened(dsn) as connection:
        from ..runtime import has_worker, retry

        known(connection, instance)
        new = retry(connection, instance)
        works = has_worker(connection)
    if not works:
        say(f"no worker runs for this database: dfsql run --attach {new} goes on")
    write(f"{new}\n")
    return Status.OK
