"""What can go wrong with the server, sorted by what the engine does about it."""

from typing import NamedTuple

# Sources: errcodes of PostgreSQL, appendix A of its manual.
_TRANSIENT = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock
        "55P03",  # lock timeout
        "53300",  # too many connections
        "57P01",  # admin shutdown: also pg_terminate_backend
        "57P02",  # crash shutdown
        "57P03",  # cannot connect now
    }
)
ADMIN_SHUTDOWN = "57P01"
READ_ONLY = "25006"
NO_STATEMENT = "26000"  # a prepared statement is not there
CANNOT_NOTE = frozenset({READ_ONLY, NO_STATEMENT})  # of a checkpoint: the step itself has seen to it
LOCK_TIMEOUT = "55P03"
RESULT_TOO_LARGE = "DF054"  # ours: the server would have gone on
QUERY_CANCELED = "57014"
_PROTOCOL = "08P01"  # the statement's own fault: a parameter that nobody gives
_ALONE = frozenset({"25001", "2D000"})  # refuses a transaction block; commits inside a procedure
FENCED = "DF001"
_GONE = frozenset({"3F000", "42P01", "42883"})  # schema, relation or function is not there (any more)

# Connection refusals carry no SQLSTATE, only these texts (backend/utils/init, libpq fe-connect.c).
_TRANSIENT_REFUSALS = (
    "the database system is",
    "too many clients",
    "remaining connection slots",
    "too many connections",
    "connection refused",
    "no such file or directory",
    "server closed the connection",
    "terminating connection",
    "timeout expired",
    "connection reset",
    "could not receive data",
    "could not send",
    "ssl syscall error",
    "network is unreachable",
    "no route to host",
    "connection timed out",
    "could not translate host name",
)


class SqlError(NamedTuple):
    """An error that the server reported for one command."""

    code: str
    message: str

    @property
    def transient(self) -> bool:
        """Whether the same step may succeed when it is tried again."""
        return self.code in _TRANSIENT or (self.code.startswith("08") and self.code != _PROTOCOL)

    @property
    def needs_no_transaction(self) -> bool:
        """Whether the statement must run outside of a transaction block."""
        return self.code in _ALONE

    @property
    def schema_gone(self) -> bool:
        """Whether the installation is not there."""
        return self.code in _GONE


class LostConnectionError(Exception):
    """The connection broke: what was not committed is gone, what was being committed is unknown.

    `code` is the SQLSTATE with which the server said good-bye, if it did; `answered` counts the commands of the
    message that had been answered well before.
    """

    def __init__(self, text: str, code: str = "08006", answered: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.answered = answered


class UnsettledError(Exception):
    """The connection broke during a commit: the instance's state must be read again."""


class FencedError(Exception):
    """Another worker has taken the instance over; nothing of ours was written."""


class GoneError(Exception):
    """Schema df is not installed (any more)."""


class ServerError(Exception):
    """The server refused an engine command for a reason that the engine does not expect."""

    def __init__(self, error: SqlError) -> None:
        super().__init__(f"{error.message} ({error.code})")
        self.error = error


class CommitRefusedError(Exception):
    """Checkpoint or COMMIT of a step failed, so the step never happened; `error` says why."""

    def __init__(self, error: SqlError) -> None:
        super().__init__(error.message)
        self.error = error


class RefusedError(Exception):
    """The server refused a connection for good: role, password, LOGIN, CONNECT or a missing database."""


class SlotTimeoutError(Exception):
    """No execution slot was given back for the whole time that a step may wait."""


def raise_for(error: SqlError) -> None:
    """Raise what an error of an engine command means."""
    if error.code == FENCED:
        raise FencedError(error.message)
    if error.schema_gone:
        raise GoneError(error.message)
    if error.transient:
        raise LostConnectionError(error.message, error.code)
    raise ServerError(error)


def is_refusal_transient(message: str) -> bool:
    """Whether a failed connection attempt may succeed later."""
    lowered = message.lower()
    return any(part in lowered for part in _TRANSIENT_REFUSALS)
