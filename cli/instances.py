"""What the commands about started workflows share: a connection, and what is said about an id."""

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import click

from . import database
from .console import say
from .status import Status

if TYPE_CHECKING:
    import psycopg

    from ..runtime import Instance

_NO_DATA = "P0002"  # raised by df's functions for an instance that the role does not see
_ID = re.compile(r"[0-9a-f]{8}")


@contextlib.contextmanager
def opened(dsn: str | None) -> Iterator["psycopg.Connection[Any]"]:
    """A connection to the database that is meant, where every statement is a transaction.

    In the embedded one df is installed.
    """
    with database.server(dsn) as server, database.connect(server.conninfo) as connection:
        prepare(connection, embedded=server.embedded)
        with server_words():
            yield connection


def prepare(connection: "psycopg.Connection[Any]", *, embedded: bool) -> None:
    """Makes sure that df is there: ours to install in the embedded server. Every statement is a transaction then."""
    if embedded:
        from ..sql import install

        install(connection)
        connection.commit()
    else:
        connection.execute("SELECT FROM df._installation")
        connection.commit()
    connection.autocommit = True


@contextlib.contextmanager
def server_words() -> Iterator[None]:
    """Ends the command with what the server says against a statement; what is about reaching it is left alone."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate is None or database.is_about_the_place(error):
            raise
        say(words_of(error))
        raise click.exceptions.Exit(
            Status.NOTHING if error.sqlstate == _NO_DATA else Status.FINDINGS
        ) from None


def words_of(error: "psycopg.Error") -> str:
    """What the server says: its message, its detail, its hint."""
    diag = error.diag
    more = [
        f"{name}: {text}"
        for name, text in (("detail", diag.message_detail), ("hint", diag.message_hint))
        if text
    ]
    return "\n".join([diag.message_primary or str(error), *more])


def known(connection: "psycopg.Connection[Any]", instance_id: str) -> "Instance":
    """The instance; ends the command where the role sees none of that id."""
    from ..runtime import find

    found = find(connection, instance_id)
    if found is None:
        unknown(instance_id)
    return found


def unknown(instance_id: str) -> NoReturn:
    """Ends the command: there is no such instance."""
    shape = "" if _ID.fullmatch(instance_id) else "; an id is 8 digits of 0-9 and a-f"
    say(
        f"there is no instance '{instance_id}' here, or it belongs to another role{shape} (dfsql ps --all lists them)"
    )
    raise click.exceptions.Exit(Status.NOTHING)


def why(instance: "Instance") -> str:
    """How an instance ended that did not complete."""
    if instance.status == "cancelled":
        reason = (instance.output or "").removeprefix("canceled: ")
        return f"instance {instance.id} was cancelled" + (f": {reason}" if reason else "")
    return f"instance {instance.id} failed: {instance.output or 'no worker has said why'}"
