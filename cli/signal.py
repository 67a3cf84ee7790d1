"""`dfsql signal`: sends a signal to an instance."""

import click

from . import database
from .console import say, write
from .instances import known, opened
from .status import Status


@click.command("signal", short_help="Send a signal to an instance.")
@click.argument("instance", metavar="ID")
@click.argument("name", metavar="NAME")
@click.argument("data", metavar="[JSON]", default="{}")
@database.dsn
def command(instance: str, name: str, data: str, dsn: str | None) -> Status:
    """Sends the signal NAME with JSON as its data, {} if there is none.

    Text that is no JSON arrives as a JSON string: yes is the same as '"yes"'. A signal that nothing waits for
    yet is kept. Exit status 1: the instance has ended. 4: no such instance.
    """
    with opened(dsn) as connection:
        from ..runtime import send_signal

        found = known(connection, instance)
        if found.has_ended:
            say(f"instance {instance} is {found.status}: nothing in it waits for a signal any more")
            return Status.FINDINGS
        send_signal(connection, instance, name, data)
    write("OK\n")
    return Status.OK
