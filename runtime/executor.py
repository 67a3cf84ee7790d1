"""The sessions on which steps run: a bounded number, first come first served, passed on with the commit of a step.

A step that has its rows is *open*: its transaction waits for the checkpoint. The checkpoint, COMMIT and the statement
of whoever is next in line for the same role and database travel in one message.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from .errors import (
    FENCED,
    CommitRefusedError,
    FencedError,
    GoneError,
    LostConnectionError,
    RefusedError,
    SlotTimeoutError,
)
from .failpoints import hit
from .session import (
    BEGIN,
    COMMIT,
    COMMIT_AND_CHAIN,
    GUARD,
    ROLLBACK,
    Command,
    Param,
    Reply,
    Session,
    checkpoint_command,
    refusal_text,
)

Key = tuple[str, str]  # role and database
IDLE_SECONDS = 10.0


class Open(NamedTuple):
    """A statement that has run in a transaction that is not committed yet."""

    session: Session
    reply: Reply


class _Waiter:
    """A step in line. `carrier` is the session under whose message its statement travels."""

    __slots__ = ("carrier", "future", "key", "sql")

    def __init__(self, key: Key, sql: bytes | None, future: "asyncio.Future[Open | Session]") -> None:
        self.key = key
        self.sql = sql  # None: the session alone is wanted
        self.future = future
        self.carrier: Session | None = None


class Executor:
    """All sessions of a worker that run users' statements."""

    def __init__(self, limit: int, timeout: float, connect: Callable[[Key], Awaitable[Session]]) -> None:
        self.limit = limit
        self.timeout = timeout  # seconds without any slot given back, after which the head of the line fails
        self._connect = connect
        self._busy: set[Session] = set()
        self._opening = 0
        self._idle: dict[Key, list[Session]] = {}
        self._line: deque[_Waiter] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    @property
    def backlog(self) -> int:
        """How many steps stand in line."""
        return len(self._line)

    async def begin(self, key: Key, sql: bytes) -> Open:
        """Run a statement in a new transaction, when its turn comes.

        Raises SlotTimeoutError, RefusedError (connection), LostConnectionError.
        """
        if not self._line and (session := self._take_idle(key)):
            return await self._run_first(session, sql)
        got = await self._stand_in_line(key, sql)
        if isinstance(got, Open):
            return got
        return await self._run_first(got, sql)

    async def alone(self, key: Key) -> Session:
        """A session of the caller's own, outside of any transaction. Give it back with `discard`."""
        got = await self._stand_in_line(key, None)
        assert isinstance(got, Session)
        return got

    async def commit(self, opened: Open, params: tuple[Param, ...]) -> None:
        """Write the checkpoint, commit, and pass the session on.

        Raises CommitRefusedError (the step has not happened), FencedError, LostConnectionError (nobody knows).
        """
        session = opened.session
        hit("commit.before")
        waiter = self._next(session.key)
        if waiter is None or waiter.sql is None:
            if waiter:
                self._line.appendleft(waiter)
            answer = session.exchange(checkpoint_command(params), COMMIT)
            answer.add_done_callback(lambda done: self._committed(session, done))
        else:
            waiter.carrier = session
            answer = session.exchange(
                checkpoint_command(params), COMMIT_AND_CHAIN, GUARD, Command(waiter.sql)
            )
            answer.add_done_callback(lambda done: self._handed_over(session, waiter, done))
        hit("commit.sent")
        replies = await asyncio.shield(answer)
        _check_commit(replies)
        hit("commit.after")

    async def commit_and_begin(self, opened: Open, params: tuple[Param, ...], sql: bytes) -> Open:
        """Commit and run the next statement of the same session, in the same message when nobody else waits."""
        if self._line:
            await self.commit(opened, params)
            return await self.begin(opened.session.key, sql)
        session = opened.session
        hit("commit.before")
        answer = session.exchange(checkpoint_command(params), COMMIT_AND_CHAIN, GUARD, Command(sql))
        hit("commit.sent")
        replies = await self._guarded(session, answer)
        try:
            _check_commit(replies)
        except BaseException:
            self._spawn(self._roll_back(session))
            raise
        hit("commit.after")
        return await self._after_guard(session, replies[2], replies[3], sql)

    async def ask(self, opened: Open, command: Command) -> Reply:
        """Run one more command in the open transaction."""
        return (await self._guarded(opened.session, opened.session.exchange(command)))[0]

    async def run_alone(self, session: Session, command: Command) -> list[Reply]:
        """Run one command on a session of the caller's own, outside of any transaction."""
        return await self._guarded(session, session.exchange(command))

    async def rollback(self, opened: Open) -> None:
        """Undo an open transaction and give the session back."""
        await asyncio.shield(self._spawn(self._roll_back(opened.session)))

    def abandon(self, opened: Open) -> None:
        """The same without waiting, for whoever is being cancelled."""
        self._spawn(self._roll_back(opened.session))

    def discard(self, session: Session) -> None:
        """Close a session whose state nobody knows and free its slot."""
        self._spawn(self._drop(session))

    async def close(self) -> None:
        """Close every session; what is open is rolled back."""
        for waiter in self._line:
            waiter.future.cancel()
        self._line.clear()
        for timer in (self._alarm, self._sweeper):
            if timer:
                timer.cancel()
        sessions = [*self._busy, *(session for group in self._idle.values() for session in group)]
        self._idle.clear()
        for session in sessions:
            await session.close()
        for task in list(self._tasks):
            await asyncio.gather(task, return_exceptions=True)

    # One exchange, seen by the coroutine that waits for it

    async def _run_first(self, session: Session, sql: bytes) -> Open:
        hit("statement.before")
        answer = session.exchange(BEGIN, GUARD, Command(sql))
        replies = await self._guarded(session, answer)
        return await self._after_guard(session, replies[1], replies[2], sql)

    async def _after_guard(self, session: Session, guard: Reply, reply: Reply, sql: bytes) -> Open:
        if guard.error is None:
            hit("statement.after")
            return Open(session, reply)
        # The role may have lost LOGIN, CONNECT or its life: a new connection says so in the server's own words.
        key, error = session.key, guard.error
        await self._drop(session)
        fresh = await self._connect(key)
        self._busy.add(fresh)
        replies = await self._guarded(fresh, fresh.exchange(BEGIN, GUARD, Command(sql)))
        if replies[1].error:
            self._spawn(self._drop(fresh))
            if error.schema_gone:
                raise GoneError(error.message)
            raise RefusedError(refusal_text(f"FATAL: {error.message}", key))
        return Open(fresh, replies[2])

    async def _guarded(self, session: Session, answer: "asyncio.Future[list[Reply]]") -> list[Reply]:
        """Wait for an answer; when the waiting is cancelled, so is the statement in the server."""
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            self._spawn(self._cancel(session))
            raise
        except LostConnectionError:
            self._spawn(self._drop(session))
            raise

    async def _cancel(self, session: Session) -> None:
        await session.cancel()
        await self._drop(session)

    async def _roll_back(self, session: Session) -> None:
        try:
            await session.exchange(ROLLBACK)
        except LostConnectionError:
            await self._drop(session)
        else:
            self._free(session)

    # What becomes of a session when its message is answered, whoever still listens

    def _committed(self, session: Session, done: "asyncio.Future[list[Reply]]") -> None:
        if done.cancelled() or done.exception() or any(reply.error for reply in done.result()):
            self._spawn(self._drop(session) if session.lost else self._roll_back(session))
        else:
            self._free(session)

    def _handed_over(self, session: Session, waiter: _Waiter, done: "asyncio.Future[list[Reply]]") -> None:
        self._rearm()
        if done.cancelled() or done.exception():
            waiter.sql = None  # maybe it was what ended the connection: it travels alone from now on
            self._back_in_line(waiter)
            self._spawn(self._drop(session))
            return
        first, second, guard, reply = done.result()
        if first.error or second.error or guard.error or waiter.future.done():
            given_up = waiter.future.done()  # a request to cancel is under way to this session
            if not given_up:  # its statement has not run, or is rolled back now
                self._back_in_line(waiter)
            self._spawn(self._drop(session) if guard.error or given_up else self._roll_back(session))
        else:
            waiter.future.set_result(Open(session, reply))

    # The line

    async def _stand_in_line(self, key: Key, sql: bytes | None) -> Open | Session:
        waiter = _Waiter(key, sql, self._loop.create_future())
        self._line.append(waiter)
        if len(self._line) == 1:
            self._rearm()
        self._serve()
        try:
            return await waiter.future
        except asyncio.CancelledError:
            if (
                waiter.carrier is not None
            ):  # may hit the commit it travels with: that step is then taken again
                self._spawn(waiter.carrier.cancel())
            elif waiter.future.done() and not waiter.future.cancelled() and not waiter.future.exception():
                self._give_back(waiter.future.result())
            raise

    def _give_back(self, got: Open | Session) -> None:
        if isinstance(got, Open):
            self.abandon(got)
        else:
            self._free(got)

    def _back_in_line(self, waiter: _Waiter) -> None:
        waiter.carrier = None
        self._line.appendleft(waiter)
        self._loop.call_soon(self._serve)

    def _next(self, key: Key) -> _Waiter | None:
        """The head of the line if it wants this key; those who gave up are removed."""
        while self._line and self._line[0].future.done():
            self._line.popleft()
        if self._line and self._line[0].key == key:
            return self._line.popleft()
        return None

    def _serve(self) -> None:
        """Give free slots to those in line."""
        while self._line:
            head = self._line[0]
            if head.future.done():
                self._line.popleft()
                continue
            session = self._take_idle(head.key) if head.sql is not None else None
            if session is None and not self._make_room():
                return
            self._line.popleft()
            self._rearm()
            if session is not None:
                head.future.set_result(session)
            else:
                self._opening += 1
                self._spawn(self._open_for(head))

    def _make_room(self) -> bool:
        in_use = len(self._busy) + self._opening
        if in_use >= self.limit:
            return False
        if in_use + sum(map(len, self._idle.values())) >= self.limit:
            key, group = next((key, group) for key, group in self._idle.items() if group)
            self._spawn(group.pop().close())
            if not group:
                del self._idle[key]
        return True

    async def _open_for(self, waiter: _Waiter) -> None:
        try:
            session = await self._connect(waiter.key)
        except BaseException as problem:
            self._opening -= 1
            if not waiter.future.done():
                waiter.future.set_exception(problem)
                if isinstance(problem, asyncio.CancelledError):
                    raise
            self._serve()
            return
        self._opening -= 1
        self._busy.add(session)
        if waiter.future.done():
            self._free(session)
        else:
            waiter.future.set_result(session)

    def _take_idle(self, key: Key) -> Session | None:
        if len(self._busy) + self._opening >= self.limit:
            return None
        group = self._idle.get(key, [])
        while group:
            session = group.pop()
            if not session.lost:
                self._busy.add(session)
                return session
        return None

    def _free(self, session: Session) -> None:
        self._busy.discard(session)
        self._idle.setdefault(session.key, []).append(session)
        session.idle_since = self._loop.time()
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(IDLE_SECONDS, self._sweep)
        self._rearm()
        self._serve()

    def _sweep(self) -> None:
        """Close what nobody has used for a while, so that databases and roles are left alone."""
        self._sweeper = None
        limit = self._loop.time() - IDLE_SECONDS
        for key, group in list(self._idle.items()):
            for session in [one for one in group if one.lost or one.idle_since <= limit]:
                group.remove(session)
                self._spawn(session.close())
            if not group:
                del self._idle[key]
        if self._idle:
            self._sweeper = self._loop.call_later(IDLE_SECONDS / 2, self._sweep)

    async def _drop(self, session: Session) -> None:
        await session.close()
        self._busy.discard(session)
        self._rearm()
        self._serve()

    def _rearm(self) -> None:
        """The clock of the head of the line starts again whenever a slot has been given back."""
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if self._line:
            self._alarm = self._loop.call_later(self.timeout, self._too_long)

    def _too_long(self) -> None:
        self._alarm = None
        while self._line and self._line[0].future.done():
            self._line.popleft()
        if self._line:
            self._line.popleft().future.set_exception(SlotTimeoutError())
        self._rearm()

    def _spawn(self, work: "Awaitable[None]") -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _check_commit(replies: list[Reply]) -> None:
    error = replies[0].error or replies[1].error
    if error is None:
        return
    if error.code == FENCED:
        raise FencedError(error.message)
    raise CommitRefusedError(error)
