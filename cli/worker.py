"""`dfsql worker`: executes workflows until it is told to end."""

import logging
from typing import TYPE_CHECKING, Any

import click

from . import database
from .console import say
from .status import Status

if TYPE_CHECKING:
    import psycopg


@click.command("worker", short_help="Execute the workflows of a database.")
@database.dsn
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    metavar="N",
    help="Most SQL steps at a time.  [default: the setting pg_durable.max_user_connections]",
)
@click.option("--database", "name", metavar="NAME", help="Another database of the same server.")
def command(dsn: str | None, concurrency: int | None, name: str | None) -> Status:
    """Executes the workflows of a database until SIGTERM or Ctrl-C, and then ends what it has begun.

    Any number of workers may run beside each other. One that is killed loses nothing: the others take over. A
    worker may be started before `dfsql install`: it waits.
    """
    database.need()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with database.server(dsn) as server:
        from ..runtime import work

        with database.connect(server.conninfo, name) as connection:
            _prepare(connection, embedded=server.embedded)
        work(server.conninfo, concurrency=concurrency, database=name)
    return Status.OK


def _prepare(connection: "psycopg.Connection[Any]", *, embedded: bool) -> None:
    """Ours to install in the embedded server; elsewhere a person decides that."""
    from ..sql import install, installed_version

    if embedded:
        install(connection)
    elif installed_version(connection) is None:
        say("schema df is not installed here yet; waiting for `dfsql install`, with the same --dsn")
