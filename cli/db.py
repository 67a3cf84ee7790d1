"""`dfsql db`: the embedded PostgreSQL."""

import subprocess
import sys

import click

from . import database
from .console import flush, say, write
from .status import Status


@click.group("db", short_help="The embedded PostgreSQL: where it is, stop, reset, psql.")
def command() -> None:
    """Looks after the embedded PostgreSQL, which dfsql uses where no server is named.

    It starts with the first command that needs it, several commands share it, and the last one stops it. The
    data stay.
    """


@command.command(short_help="Print the folder with its files.")
def path() -> Status:
    """Prints the folder with its files: data, and the server's log."""
    from ..runtime.embedded import status

    with database.embedded_faults():
        write(f"{status().folder}\n")
    return Status.OK


@command.command(short_help="Say whether there are data, and whether the server runs.")
def status() -> Status:
    """Says whether there are data, and whether the server runs."""
    from ..runtime.embedded import status as look

    with database.embedded_faults():
        found = look()
    if found.major is None:
        write("no data yet\n")
        return Status.OK
    state = f"runs, process {found.pid}" if found.running else "does not run"
    use = "in use" if found.in_use else "not in use"
    write(f"PostgreSQL {found.major}: {state}, {use}\n")
    return Status.OK


@command.command(short_help="Stop the server; the data stay.")
@click.option("--force", is_flag=True, help="Also while another command uses it.")
def stop(force: bool) -> Status:
    """Stops the server, where a command that was killed has left it running. The data stay."""
    from ..runtime.embedded import stop as end

    with database.embedded_faults(Status.FINDINGS):
        write("stopped\n" if end(force=force) else "it was not running\n")
    return Status.OK


@command.command(short_help="Delete the data.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also while another command uses it.")
def reset(yes: bool, force: bool) -> Status:
    """Deletes the data: all workflows, their results, and every table in that database."""
    from ..runtime import embedded

    with database.embedded_faults(Status.FINDINGS):
        folder = embedded.status().folder
        if not yes and not _is_sure(f"Delete the embedded database in {folder}?"):
            say("nothing was deleted")
            return Status.FINDINGS
        write("deleted\n" if embedded.reset(force=force) else "there were no data\n")
    return Status.OK


def _is_sure(question: str) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("there is nobody to ask: say --yes")
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        return False


@command.command(context_settings={"ignore_unknown_options": True}, short_help="Open psql on it.")
@click.option("--superuser", is_flag=True, help="As the superuser instead of the role that workflows run as.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def psql(superuser: bool, arguments: tuple[str, ...]) -> int:
    """Opens psql on the embedded database; ARGUMENTS are psql's. The exit status is psql's too."""
    database.need("psycopg")
    from ..runtime.embedded import Embedded

    with database.faults(), Embedded() as server:
        flush()
        words = [server.program("psql"), server.superuser_dsn if superuser else server.dsn, *arguments]
        return _run(words)


def _run(words: list[str]) -> int:
    """Runs a program on our terminal; Ctrl-C is for the program."""
    with subprocess.Popen(words) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue
