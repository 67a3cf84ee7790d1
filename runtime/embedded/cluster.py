"""A new cluster: its files, the ordinary role that workflows run as, and who may log in how.

The owner of the server's files is the only user of the system who can reach the socket. Inside, `dfsql`
and roles that are added need no password; the superuser needs one, or a workflow could become superuser by
a connection from the server to itself (dblink_connect_u).
"""

import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .accounts import Account, candidates
from .binaries import Binaries
from .errors import EmbeddedError
from .layout import Layout

if TYPE_CHECKING:
    import psycopg

SUPERUSER = "postgres"
ROLE = "dfsql"
DATABASE = "dfsql"

_RULES = f"""\
# Written by dfsql. Only the owner of this folder can reach the socket; there is no other way in.
local  all  {SUPERUSER}  scram-sha-256
local  all  all       trust
"""


def create(layout: Layout, binaries: Binaries) -> None:
    """Makes the files of a cluster. Raises EmbeddedError."""
    _check_the_system()
    layout.log.unlink(missing_ok=True)
    layout.prepared.unlink(missing_ok=True)
    for account in candidates():
        shutil.rmtree(layout.unfinished, ignore_errors=True)  # of one who was killed, or who could not
        layout.unfinished.mkdir(mode=0o700)
        account.own(layout.unfinished)
        if account.user is not None and not account.is_hidden:
            layout.folder.chmod(0o711)
        if account.run(_initdb(account, layout, binaries), layout.unfinished, layout.log):
            layout.unfinished.rename(layout.data)
            return
    shutil.rmtree(layout.unfinished, ignore_errors=True)
    raise EmbeddedError(_why_not(layout, binaries))


def _check_the_system() -> None:
    if not sys.platform.startswith(("linux", "darwin")):
        raise EmbeddedError("the embedded PostgreSQL runs on Linux and macOS: name a server with --dsn")


def _initdb(account: Account, layout: Layout, binaries: Binaries) -> list[str]:
    # Files are synced as initdb likes to: what is promised to be durable must not stand on files that are not.
    command = [binaries.path("initdb"), "-D", account.name_of(layout.unfinished)]
    command += ["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"]
    if binaries.major >= 17:  # knows the letters of all languages, and is the same on every system
        command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    return command


def _why_not(layout: Layout, binaries: Binaries) -> str:
    text = f"no server could be set up with {binaries}:\n{tail(layout)}"
    if os.geteuid() == 0:
        text += (
            "\nThe caller is root, as which PostgreSQL does not run. One of the accounts postgres and nobody must be "
            "able to run the programs, or the kernel must let root have user namespaces"
        )
    return text


def tail(layout: Layout, lines: int = 8) -> str:
    """The end of the server's log."""
    try:
        text = layout.log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(there is no log)"
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])


def prepare(layout: Layout, server: Mapping[str, str]) -> None:
    """Brings roles, database and access rules of a running cluster to what they should be.

    It can be repeated: whoever is killed in the middle leaves it to the next.
    """
    import psycopg

    password = _password(layout)
    login: dict[str, Any] = {
        **server,
        "user": SUPERUSER,
        "passfile": str(layout.passfile),
        "autocommit": True,
    }
    with psycopg.connect(**login, dbname=SUPERUSER) as connection:
        _role_and_database(connection)
        _set_password(connection, password)
        _write_rules(layout)
        connection.execute("SELECT pg_catalog.pg_reload_conf()")
    with psycopg.connect(**login, dbname=DATABASE) as connection:
        _loopback(connection)
    layout.prepared.touch(mode=0o600)


def _write_rules(layout: Layout) -> None:
    """Writes into the file that is there, which keeps its owner, and never through a link."""
    number = os.open(layout.data / "pg_hba.conf", os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
    with open(number, "w", encoding="ascii") as file:
        file.write(_RULES)


def _password(layout: Layout) -> str:
    """The superuser's password, written where libpq looks for it; a known one stays."""
    if layout.passfile.exists():
        return layout.passfile.read_text(encoding="ascii").strip().rpartition(":")[2]
    password = secrets.token_urlsafe(24)
    number = os.open(layout.passfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(number, "w", encoding="ascii") as file:
        file.write(f"*:*:*:{SUPERUSER}:{password}\n")
    return password


def _set_password(connection: "psycopg.Connection[Any]", password: str) -> None:
    # Encrypted here, so that it stands in no log.
    from psycopg import sql

    secret = connection.pgconn.encrypt_password(password.encode(), SUPERUSER.encode(), b"scram-sha-256")
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(SUPERUSER), sql.Literal(secret.decode())))


def _role_and_database(connection: "psycopg.Connection[Any]") -> None:
    from psycopg import sql

    role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
    if not connection.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", [ROLE]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
    if not connection.execute(
        "SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", [DATABASE]
    ).fetchone():
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))


def _loopback(connection: "psycopg.Connection[Any]") -> None:
    """The module by which a function reaches its own server, for what must outlive a rollback."""
    from psycopg import sql

    known = "SELECT 1 FROM pg_catalog.pg_available_extensions WHERE name = 'dblink'"
    if not connection.execute(known).fetchone():
        return  # a system without the contrib modules: what needs it says so when it is used
    with connection.transaction():
        connection.execute("CREATE EXTENSION IF NOT EXISTS dblink SCHEMA public")
        # Open to the role as it logs in without a password; as the superuser it cannot.
        for signature in ("text", "text, text"):
            grant = sql.SQL("GRANT EXECUTE ON FUNCTION public.dblink_connect_u({}) TO {}")
            connection.execute(grant.format(sql.SQL(signature), sql.Identifier(ROLE)))
