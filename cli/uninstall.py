"""`dfsql uninstall`: removes schema df from a database."""

import click

from . import database
from .console import write
from .status import Status


@click.command("uninstall", short_help="Remove schema df from a database.")
@database.dsn
@click.option("--force", is_flag=True, help="Also while workflows are pending or running.")
def command(dsn: str | None, force: bool) -> Status:
    """Removes schema df with all its workflows and their results, and whatever depends on it.

    While workflows are pending or running it refuses, unless --force is given.
    """
    with database.server(dsn) as server:
        from ..sql import uninstall

        with database.connect(server.conninfo) as connection:
            report = uninstall(connection, force)
    write(f"{report}\n")
    return Status.OK
