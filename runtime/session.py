"""One connection in libpq's pipeline mode: several commands travel in one message, and one answer comes back.

psycopg opens the connection; the exchange itself uses libpq directly, because a step's budget is tens of microseconds.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from psycopg import OperationalError
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus

from .errors import (
    RESULT_TOO_LARGE,
    LostConnectionError,
    RefusedError,
    SqlError,
    is_refusal_transient,
    raise_for,
)

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.pq.abc import PGconn, PGresult

Param = bytes | None
CONNECT_SECONDS = 30

# Plain numbers: they are compared for every answer.
_SKIPPED = int(ExecStatus.PIPELINE_ABORTED)
_SYNC = int(ExecStatus.PIPELINE_SYNC)
_ROW = int(ExecStatus.SINGLE_TUPLE)
_ERRORS = (int(ExecStatus.FATAL_ERROR), int(ExecStatus.BAD_RESPONSE))
_CONNECTED = int(ConnStatus.OK)


class Command(NamedTuple):
    """One statement with its parameters; `name` is that of a prepared statement, `counted` bounds its result."""

    sql: bytes
    params: tuple[Param, ...] = ()
    name: bytes = b""
    counted: bool = False


BEGIN = Command(b"BEGIN")
COMMIT = Command(b"COMMIT")
COMMIT_AND_CHAIN = Command(b"COMMIT AND CHAIN")
ROLLBACK = Command(b"ROLLBACK")

_CHECKPOINT = b"SELECT _duroxide.checkpoint($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)"
_GUARD = b"SELECT _duroxide.guard()"
GUARD = Command(_GUARD, (), b"dfsql_guard")


MOST_RESULT_BYTES = 128 * 2**20  # of one statement: what is more would take the memory of everybody's steps
_CELL_BYTES = 48  # what a cell takes besides its text
_TOO_LARGE = SqlError(
    RESULT_TOO_LARGE,
    f"the result is larger than {MOST_RESULT_BYTES // 2**20} MB; write it to a table, or select less of it",
)


def statement(sql: bytes) -> Command:
    """A user's statement, whose result may have any size."""
    return Command(sql, counted=True)


def checkpoint_command(params: tuple[Param, ...]) -> Command:
    """The call of the checkpoint function, prepared once per session."""
    return Command(_CHECKPOINT, params, b"dfsql_checkpoint")


class Reply:
    """The server's answer to one command: rows, or an error, or nothing because an earlier command failed."""

    __slots__ = ("error", "result", "rows", "skipped")

    def __init__(self, result: "PGresult", rows: "list[list[Param]]") -> None:
        self.result = result
        self.rows = rows  # of a counted statement
        status = result.status
        self.skipped = status == _SKIPPED
        self.error: SqlError | None = None
        if status in _ERRORS:
            code = result.error_field(DiagnosticField.SQLSTATE) or b"XX000"
            text = (
                result.error_field(DiagnosticField.MESSAGE_PRIMARY)
                or result.error_message
                or b"unknown error"
            )
            self.error = SqlError(code.decode(), text.decode("utf-8", "replace").strip())

    def value(self) -> str | None:
        """The only cell of a one-row answer."""
        cell = self.result.get_value(0, 0) if self.result.ntuples else None
        return None if cell is None else cell.decode()


class Session:
    """A connection that is used by one exchange at a time."""

    def __init__(self, connection: "AsyncConnection[tuple[object, ...]]", key: tuple[str, str]) -> None:
        self.key = key  # role and database
        self.on_notify: asyncio.Event | None = None
        self._connection = connection
        self._pg: PGconn = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._fd = connection.fileno()
        self._answer: asyncio.Future[list[Reply]] | None = None
        self._replies: list[Reply] = []
        self._first: asyncio.Future[list[Reply]] | None = None  # of an exchange in two
        self._early = 0
        self._counted: list[bool] = []  # of the commands under way
        self._rows: list[list[Param]] = []
        self._bytes = 0
        self._stopping: asyncio.Task[None] | None = None
        self._flushing = False
        self.lost = False
        self.idle_since = 0.0
        self._pg.enter_pipeline_mode()
        self._loop.add_reader(self._fd, self._readable)

    @classmethod
    async def open(cls, parameters: Mapping[str, str], key: tuple[str, str]) -> "Session":
        """Connect. Raises RefusedError when the server will never let us in so, else LostConnectionError."""
        import psycopg

        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await psycopg.AsyncConnection.connect(**parameters, autocommit=True)  # type: ignore[arg-type]
        except TimeoutError:
            raise RefusedError(
                f"Connection to database '{key[1]}' as '{key[0]}' timed out after 30s"
            ) from None
        except psycopg.Error as problem:
            text = str(problem).strip()
            if is_refusal_transient(text):
                raise LostConnectionError(text) from None
            raise RefusedError(refusal_text(text, key)) from None
        return cls(connection, key)

    async def prepare(self) -> None:
        """Prepare the engine's commands on this session. Raises LostConnectionError or GoneError."""
        self._counted = []
        self._pg.send_prepare(b"dfsql_guard", _GUARD)
        self._pg.send_prepare(b"dfsql_checkpoint", _CHECKPOINT)
        for reply in await self._exchange():
            if reply.error:
                raise_for(reply.error)

    def exchange_in_two(
        self, first: Sequence[Command], then: Sequence[Command]
    ) -> "tuple[asyncio.Future[list[Reply]], asyncio.Future[list[Reply]]]":
        """One message, but the first commands are answered at once, however long the others take.

        The futures give the replies of the first commands, and those of all.
        """
        self._first = early = self._loop.create_future()
        self._early = len(first)
        answer = self.exchange(*first, *then)
        return early, answer

    def exchange(self, *commands: Command) -> "asyncio.Future[list[Reply]]":
        """Send commands and a Sync; the future gives one reply per command, or LostConnectionError."""
        self._replies = []  # of this exchange: what a broken one has answered must not be taken from the one before
        self._counted = [command.counted for command in commands]
        try:
            for number, command in enumerate(commands, start=1):
                if command.name:
                    self._pg.send_query_prepared(command.name, command.params)
                else:
                    self._pg.send_query_params(command.sql, command.params)
                if self._first is not None and number == self._early:
                    self._pg.send_flush_request()
            self._count_rows()
        except Exception as problem:
            return self._broken(problem)
        return self._exchange()

    def _exchange(self) -> "asyncio.Future[list[Reply]]":
        self._replies = []
        self._answer = answer = self._loop.create_future()
        try:
            self._pg.pipeline_sync()
            self._flush()
        except Exception as problem:
            return self._broken(problem)
        return answer

    def _broken(self, problem: BaseException) -> "asyncio.Future[list[Reply]]":
        answer = self._answer if self._answer and not self._answer.done() else self._loop.create_future()
        self._answer = answer
        self._fail(problem)
        return answer

    def _flush(self) -> None:
        if self._pg.flush() == 0:
            if self._flushing:
                self._flushing = False
                self._loop.remove_writer(self._fd)
        elif not self._flushing:  # the socket's buffer is full: a statement of many megabytes
            self._flushing = True
            self._loop.add_writer(self._fd, self._writable)

    def _writable(self) -> None:
        try:
            self._flush()
        except Exception as problem:
            self._fail(problem)

    def _readable(self) -> None:
        pg = self._pg
        try:
            pg.consume_input()
            if self._flushing:
                self._flush()
            while self._answer is not None and not pg.is_busy():
                result = pg.get_result()
                if result is None:
                    self._count_rows()
                    continue
                if result.status == _ROW:
                    self._add_row(result)
                    continue
                if result.status == _SYNC:
                    answer, self._answer = self._answer, None
                    if not answer.done():
                        answer.set_result(self._replies)
                    break
                self._replies.append(self._reply(result))
                if self._first is not None and len(self._replies) == self._early:
                    self._answer_first()
                if pg.status != _CONNECTED:  # a FATAL answer closes the connection behind it
                    raise LostConnectionError("connection closed")
            while pg.notifies() is not None:
                if self.on_notify is not None:
                    self.on_notify.set()
        except Exception as problem:
            self._fail(problem)

    def _answer_first(self) -> None:
        early, self._first = self._first, None
        if early is not None and not early.done():
            early.set_result(self._replies[: self._early])

    def _fail_first(self, problem: LostConnectionError) -> None:
        early, self._first = self._first, None
        if early is not None and not early.done():
            early.set_exception(problem)
            early.exception()  # perhaps nobody listens any more

    def _count_rows(self) -> None:
        """Have the rows of the command whose answer comes next one by one, if it is a counted one."""
        at = len(self._replies)
        if at < len(self._counted) and self._counted[at]:
            with contextlib.suppress(OperationalError):  # a command in front of it has failed: it is skipped
                self._pg.set_single_row_mode()

    def _add_row(self, result: "PGresult") -> None:
        if self._bytes > MOST_RESULT_BYTES:
            return
        row = [result.get_value(0, i) for i in range(result.nfields)]
        self._rows.append(row)
        self._bytes += _CELL_BYTES + sum(_CELL_BYTES + len(cell or b"") for cell in row)
        if self._bytes > MOST_RESULT_BYTES:
            self._rows.clear()
            self._stopping = self._loop.create_task(self.cancel())  # the rest of it is read and forgotten

    def _reply(self, result: "PGresult") -> Reply:
        reply = Reply(result, self._rows)
        if self._bytes > MOST_RESULT_BYTES:
            reply.error = _TOO_LARGE
        self._rows, self._bytes = [], 0
        return reply

    def _fail(self, problem: BaseException) -> None:
        if not self.lost:
            self.lost = True
            self._detach()
        answer, self._answer = self._answer, None
        self._fail_first(_lost(self._replies, problem))
        if answer is not None and not answer.done():
            answer.set_exception(_lost(self._replies, problem))
        if self.on_notify is not None:
            self.on_notify.set()

    def _detach(self) -> None:
        self._loop.remove_reader(self._fd)
        if self._flushing:
            self._loop.remove_writer(self._fd)

    async def cancel(self) -> None:
        """Ask the server to cancel what this session runs; errors of the request are nobody's concern."""
        if self.lost:
            return
        handle = self._pg.get_cancel()
        try:
            await asyncio.to_thread(handle.cancel)
        except Exception:
            return

    async def close(self) -> None:
        """Close the connection; the server rolls back what is open. The session counts as lost."""
        if not self.lost:
            self.lost = True
            self._detach()
        answer, self._answer = self._answer, None
        self._fail_first(LostConnectionError("closed"))
        if answer is not None and not answer.done():
            answer.set_exception(LostConnectionError("closed"))
            answer.exception()
        await self._connection.close()


def _lost(replies: Sequence[Reply], problem: BaseException) -> LostConnectionError:
    """What is known when the connection ends in the middle of an answer."""
    answered = sum(1 for reply in replies if reply.error is None and not reply.skipped)
    last = next((reply.error for reply in reversed(replies) if reply.error), None)
    if last is None:
        return LostConnectionError(str(problem).strip() or "connection lost", answered=answered)
    return LostConnectionError(last.message, last.code, answered)


def refusal_text(text: str, key: tuple[str, str]) -> str:
    """The node's failure text for a refused connection (text T3)."""
    # libpq: `connection to server on socket "..." failed: FATAL:  role "x" does not exist`
    _, fatal, message = text.partition("FATAL:")
    reason = (
        f"error returned from database: {message.strip().splitlines()[0]}"
        if fatal and message.strip()
        else text
    )
    return f"Failed to connect to database '{key[1]}' as '{key[0]}'. Error: {reason}"
