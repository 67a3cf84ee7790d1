"""`dfsql status`: how an instance stands."""

import json

import click

from . import database
from .console import write
from .instances import known, opened
from .status import Status


@click.command("status", short_help="Say how an instance stands.")
@click.argument("instance", metavar="ID")
@database.dsn
@click.option("--json", "as_json", is_flag=True, help="All that is known about it.")
def command(instance: str, dsn: str | None, as_json: bool) -> Status:
    """Prints one word: pending, running, completed, failed or cancelled.

    Exit status 4: no such instance.
    """
    with opened(dsn) as connection:
        found = known(connection, instance)
    if as_json:
        from .ps import facts

        write(json.dumps(facts(found), ensure_ascii=False, indent=2) + "\n")
    else:
        write(f"{found.status}\n")
    return Status.OK
