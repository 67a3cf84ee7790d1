"""`dfsql install`: puts schema df into a database, or brings an older one up to date."""

import re
from pathlib import Path

import click

from . import database
from .console import write
from .status import Status

SCHEMAS = ("public", "df", "pg_catalog")
# What PostgreSQL allows as the name of an extension's files.
_NAME = re.compile(r"(?!.*--)[A-Za-z0-9_][A-Za-z0-9_-]*(?<!-)")


@click.command("install", short_help="Put schema df into a database, or upgrade it.")
@database.dsn
@click.option(
    "--operators-schema",
    type=click.Choice(SCHEMAS),
    help="Where the operators go, in a new installation.  [default: public]",
)
@click.option("--dry-run", is_flag=True, help="Try it, say what would be done, and roll it back.")
@click.option("--as-extension", "folder", metavar="DIR", help="Write the files of an extension instead.")
@click.option("--name", metavar="NAME", help="The extension's name.  [default: pg-dfsql]")
def command(
    dsn: str | None, operators_schema: str | None, dry_run: bool, folder: str | None, name: str | None
) -> Status:
    """Puts schema df into a database, or brings an older one up to date.

    It needs no superuser: the database's owner may do it (pg_catalog as the operators' schema is for
    superusers). All is one transaction. With --as-extension it writes a control file and scripts for CREATE
    EXTENSION; --name pg_durable makes them a drop-in.
    """
    if folder is not None:
        if dsn is not None or dry_run:
            raise click.UsageError("--as-extension writes files only: leave out --dsn and --dry-run")
        return _write_extension(folder, name, operators_schema)
    if name is not None:
        raise click.UsageError("--name is the name of an extension: it needs --as-extension DIR")
    return _install(dsn, operators_schema, dry_run)


def _install(dsn: str | None, operators_schema: str | None, dry_run: bool) -> Status:
    with database.server(dsn) as server:
        from ..sql import install

        with database.connect(server.conninfo) as connection:
            report = install(connection, operators_schema, dry_run)
    write(f"{report}\n")
    if dry_run:
        write("".join(f"  {script}\n" for script in report.scripts))
    return Status.OK


def _write_extension(folder: str, name: str | None, operators_schema: str | None) -> Status:
    from ..sql import write_extension

    if name is not None and not _NAME.fullmatch(name):
        raise click.UsageError(
            f"'{name}' cannot be the name of an extension: letters, digits, _ and single - only"
        )
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        paths = write_extension(folder, name or "pg-dfsql", operators_schema or "public")
    except OSError as error:
        raise click.UsageError(f"cannot write into {folder}: {error.strerror}") from None
    write("".join(f"{path}\n" for path in paths))
    return Status.OK
