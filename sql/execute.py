"""Running scripts: one transaction, one change at a time in a database, errors with their file and line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .errors import InstallError
from .loader import Script
from .state import row

if TYPE_CHECKING:
    import psycopg

_ADVISORY_KEY = 7162823590178426983  # chosen by chance
_DUPLICATE_FUNCTION = "42723"  # what PostgreSQL also says of an operator

# SET LOCAL lasts to the end of the outermost transaction, which may be the caller's.
_FIXED = b"SET LOCAL search_path TO pg_catalog, pg_temp; SET LOCAL client_encoding TO UTF8"
_SETTINGS = b"SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_setting('client_encoding')"
_RESTORE = b"""
SELECT pg_catalog.set_config('search_path', %s, true), pg_catalog.set_config('client_encoding', %s, true)"""


@contextmanager
def change(connection: "psycopg.Connection[Any]", dry_run: bool) -> Iterator[None]:
    """One transaction (or, inside one, a savepoint) with a fixed search path; undone by an error and by `dry_run`.

    Two changes in one database wait for each other. Raises InstallError for what the server refuses.
    """
    import psycopg

    try:
        with connection.transaction(force_rollback=dry_run):
            connection.execute(b"SELECT pg_catalog.pg_advisory_xact_lock(%s)", [_ADVISORY_KEY])
            before = row(connection, _SETTINGS)
            assert before is not None
            connection.execute(_FIXED)
            yield
            connection.execute(_RESTORE, before)
    except psycopg.OperationalError:
        raise  # the connection, not the change
    except psycopg.Error as problem:
        raise refusal(problem) from problem


def run(connection: "psycopg.Connection[Any]", script: Script, operators_schema: str) -> None:
    """Run one script. Raises InstallError, which names the script and the line."""
    import psycopg

    text = script.for_operators_in(operators_schema)
    try:
        connection.execute(text.encode(), prepare=False)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as problem:
        raise refusal(problem, script.name, text) from problem


def refusal(problem: "psycopg.Error", name: str | None = None, text: str = "") -> InstallError:
    """The server's error as ours; its hint is the advice."""
    said = problem.diag.message_primary or str(problem)
    if name is not None and problem.diag.statement_position:
        line = text.count("\n", 0, int(problem.diag.statement_position) - 1) + 1
        said = f"{said} (at {name}, line {line})"
    advice = problem.diag.message_hint
    if problem.sqlstate == _DUPLICATE_FUNCTION and said.startswith("operator"):
        advice = "Another product has such an operator there. Take another schema for ours, for example df."
    return InstallError(said, advice)
