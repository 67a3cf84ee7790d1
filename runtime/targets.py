"""Which server to talk to, and as whom: the parameters of the worker's own and of the submitters' sessions.

A submitter's session goes to the same server as the worker's, but it logs in as the submitting role, with a
password only where libpq itself finds one for that role: a passfile, PGPASSWORD, a service. The password of
the worker's own connection string is the worker's and is sent for no other role.
"""

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Mapping

# Names that administrators look for in pg_stat_activity.
_APPLICATION = "pg_durable:worker:"
PURPOSES = ("management", "poll", "duroxide")
_CONNECT_TIMEOUT = "30"  # seconds
# A submitter may hold the row of his own instance locked as long as he likes: the worker has more to do.
_LOCK_TIMEOUT = "-c lock_timeout=500"

# Given at connect, so that they win over defaults of role and database and survive RESET ALL.
_STEP_SETTINGS = {
    "DateStyle": "ISO,MDY",
    "TimeZone": "UTC",
    "extra_float_digits": "2",
    "df.in_workflow": "true",
}

_SECRETS = ("password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret")
# What belongs to the worker's own session or login.
_OWN = (
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "connect_timeout",
    "options",
    "replication",
)
_OF_A_PASSWORD = ("password", "scram_client_key", "scram_server_key")
# Variables that say where the server is.
_PLACES = ("PGHOST", "PGHOSTADDR", "PGSERVICE")

_WORD = re.compile(r"(?:\\.|\S)+")  # a backslash keeps the blank behind it in the word

_environment = threading.Lock()


class TargetError(Exception):
    """A connection string that cannot be read. It is not repeated: there may be a password in it."""


def chosen_dsn(option: str | None) -> str | None:
    """The connection string to use: the option's, else DFSQL_DSN, else what libpq finds in PGHOST, PGHOSTADDR
    or PGSERVICE (an empty string). None: nobody has named a server.
    """
    if option is not None:
        return option
    named = os.environ.get("DFSQL_DSN")
    if named:
        return named
    return "" if any(os.environ.get(name) for name in _PLACES) else None


def control_conninfo(dsn: str | None) -> dict[str, str]:
    """The parameters of the worker's own sessions: of the connection string (key words or URI), then of its
    service, then of libpq's environment. `user` and `dbname` are always there. Raises TargetError.
    """
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    given = chosen_dsn(dsn) or ""
    try:
        explicit = {name: str(value) for name, value in conninfo_to_dict(given).items() if value is not None}
    except ProgrammingError:
        raise TargetError(
            "the connection string is not valid: write key=value pairs or postgresql://user@host:port/database"
        ) from None
    known = _defaults(explicit)
    found = {**{name: value for name, value in known.items() if value}, **explicit}
    if not found.get("user"):
        raise TargetError("no user is named, and this process has no name of its own: add user=... to --dsn")
    if not found.get("dbname"):
        found["dbname"] = found["user"]
    return found


def for_worker(conninfo: Mapping[str, str], purpose: str) -> dict[str, str]:
    """The parameters of one of the worker's own sessions; `purpose` is one of PURPOSES."""
    if purpose not in PURPOSES:
        raise ValueError(f"no such purpose: {purpose}")
    return {
        **conninfo,
        "application_name": _APPLICATION + purpose,
        "client_encoding": "UTF8",
        "connect_timeout": _CONNECT_TIMEOUT,
        "options": f"{conninfo.get('options', '')} {_LOCK_TIMEOUT}".strip(),
    }


def for_submitter(conninfo: Mapping[str, str], role: str, database: str | None) -> dict[str, str]:
    """The parameters of a session for the SQL of a role's workflows, in a database (None: the worker's)."""
    found = {name: value for name, value in conninfo.items() if name not in _OWN}
    if role != conninfo.get("user"):
        found = _without_password(found)
    settings = [f"-c {name}={value}" for name, value in _STEP_SETTINGS.items()]
    return {
        **found,
        "user": role,
        "dbname": conninfo["dbname"] if database is None else database,
        "application_name": _APPLICATION + "workflow-sql",
        "client_encoding": "UTF8",
        "connect_timeout": _CONNECT_TIMEOUT,
        "options": " ".join([*_routing(conninfo.get("options", "")), *settings]),
    }


def redacted(conninfo: Mapping[str, str]) -> str:
    """A connection string for messages, with *** for every secret."""
    from psycopg.conninfo import make_conninfo

    return make_conninfo(**{name: "***" if name in _SECRETS else value for name, value in conninfo.items()})


def _without_password(found: dict[str, str]) -> dict[str, str]:
    """The same without what proves that one is the worker."""
    kept = {name: value for name, value in found.items() if name not in _OF_A_PASSWORD}
    if "password" in found and (found.get("service") or os.environ.get("PGSERVICE")):
        # A service gives its password to every role that names none. An empty one stops that, and still lets
        # libpq look into the passfile.
        kept["password"] = os.environ.get("PGPASSWORD", "")
    return kept


def _routing(options: str) -> list[str]:
    """The words of `options` that are no settings: some proxies are told there which server is meant."""
    words = iter(_WORD.findall(options))
    kept = []
    for word in words:
        if word in ("-c", "--"):
            next(words, None)
        elif not word.startswith("-"):
            kept.append(word)
    return kept


def _defaults(explicit: Mapping[str, str]) -> dict[str, str]:
    """What libpq fills in by itself, where that differs from what is compiled into it; PGPASSWORD is left to it."""
    from psycopg.pq import Conninfo

    places = {"PGSERVICE": explicit.get("service"), "PGSERVICEFILE": explicit.get("servicefile")}
    with _surroundings(places):
        options = Conninfo.get_defaults()
    return {
        option.keyword.decode(): option.val.decode()
        for option in options
        if option.val is not None and option.val != option.compiled
    }


@contextlib.contextmanager
def _surroundings(values: Mapping[str, str | None]) -> Iterator[None]:
    """The environment with these values (None: as it is) and without PGPASSWORD, for one call of libpq."""
    with _environment:
        changed: dict[str, str | None] = {name: value for name, value in values.items() if value}
        changed["PGPASSWORD"] = None
        before = {name: os.environ.get(name) for name in changed}
        _set(changed)
        try:
            yield
        finally:
            _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
