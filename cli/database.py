"""What commands share that talk to a database: --dsn, the server it means, and what is said where there is none."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NoReturn

import click

from .console import say
from .options import F
from .status import Status

if TYPE_CHECKING:
    import psycopg

_WHAT_EXECUTES = ("psycopg", "aiohttp", "croniter")
# Errors of the server that are about reaching it, not about what was asked of it.
_OURS = re.compile(r"\b(?:df|_duroxide)\b")
_UNREACHABLE = ("08", "28", "3D000", "53300", "57P")


def dsn(function: F) -> F:
    """`--dsn`."""
    return click.option(
        "--dsn",
        metavar="DSN",
        help="The database: key=value pairs or a URI, as psql takes them. Default: DFSQL_DSN, else PGHOST or "
        "PGSERVICE, else the embedded server.",
    )(function)


@dataclass(frozen=True)
class Server:
    """The server that is meant; `embedded` when nobody has named one."""

    conninfo: str
    embedded: bool


@contextlib.contextmanager
def server(dsn: str | None) -> Iterator[Server]:
    """The server of `--dsn`, for a block; the embedded one runs that long. Ends the command where there is none."""
    need("psycopg")
    from ..runtime import chosen_dsn, control_conninfo
    from ..runtime.embedded import Embedded

    with faults():
        named = chosen_dsn(dsn)
        if named is not None:
            control_conninfo(named)  # says so when it cannot be read
            yield Server(named, embedded=False)
        else:
            with Embedded() as embedded:
                yield Server(embedded.dsn, embedded=True)


def connect(conninfo: str, database: str | None = None) -> "psycopg.Connection[Any]":
    """A connection for a command's own work, to the database of the connection string or to another one."""
    import psycopg

    return psycopg.connect(conninfo, dbname=database, application_name="dfsql", connect_timeout=30)


def need(*packages: str) -> None:
    """Ends the command where a package of the extra `run` is missing."""
    missing = [name for name in packages or _WHAT_EXECUTES if find_spec(name) is None]
    if "psycopg" not in missing:
        try:
            import psycopg  # noqa: F401
        except ImportError:  # it is there, and libpq is not
            missing.append("psycopg")
    if missing:
        names = ", ".join(missing)
        _end(
            Status.USAGE,
            f"this needs what executes workflows: pip install 'pg-dfsql[run]' (missing: {names})",
        )


@contextlib.contextmanager
def faults() -> Iterator[None]:
    """Turns what can be wrong with a database into a line for the person and an exit status."""
    import psycopg

    from ..runtime import TargetError
    from ..runtime.embedded import EmbeddedError
    from ..sql import InstallError

    try:
        yield
    except EmbeddedError as error:
        _end(Status.NO_DATABASE, str(error))
    except TargetError as error:
        _end(Status.USAGE, str(error))
    except InstallError as error:
        _end(Status.FINDINGS, str(error))
    except psycopg.errors.InsufficientPrivilege as error:
        _end(Status.FINDINGS, f"the server refuses: {error.diag.message_primary}")
    except psycopg.ProgrammingError as error:
        if not _is_about_df(error):
            raise
        _end(
            Status.NO_DATABASE,
            "schema df is not installed in this database: run `dfsql install` with the same --dsn",
        )
    except psycopg.OperationalError as error:
        if not _is_unreachable(error):
            raise
        _end(Status.NO_DATABASE, f"no database: {_one_line(error)}\n{_advice(error)}")


@contextlib.contextmanager
def embedded_faults(status: Status = Status.NO_DATABASE) -> Iterator[None]:
    """The same for what needs no connection, only the embedded server's files."""
    from ..runtime.embedded import EmbeddedError

    try:
        yield
    except EmbeddedError as error:
        _end(status, str(error))


def is_about_the_place(error: "psycopg.Error") -> bool:
    """Whether it says that no server, database or schema df is there: `faults` has words for that."""
    import psycopg

    if isinstance(error, psycopg.OperationalError):
        return _is_unreachable(error)
    return _is_about_df(error)


def _is_about_df(error: "psycopg.Error") -> bool:
    """Whether the schema, a table or a function of df is what the server does not know."""
    text = error.diag.message_primary or ""
    return error.sqlstate in ("3F000", "42P01", "42883") and _OURS.search(text) is not None


def _is_unreachable(error: "psycopg.OperationalError") -> bool:
    return error.sqlstate is None or error.sqlstate.startswith(_UNREACHABLE)


def _one_line(error: "psycopg.OperationalError") -> str:
    return " ".join(str(error).split()).removeprefix("connection failed: ")


def _advice(error: "psycopg.OperationalError") -> str:
    if "password" in str(error):
        return "give a password by ~/.pgpass, PGPASSWORD or --dsn"
    return (
        "check --dsn, DFSQL_DSN and the PG* variables; without any of them dfsql runs a PostgreSQL of its own"
    )


def _end(status: Status, message: str) -> NoReturn:
    say(message)
    raise click.exceptions.Exit(status)
