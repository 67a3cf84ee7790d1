"""Execution slots: how many sessions may run steps, which are idle, and who stands in line for one.

First come, first served. Idle sessions are kept for their role and database for a short while and then closed, so that
databases can be dropped. The clock that fails a waiting step runs for the head of the line only, and starts again
whenever a slot is given back: a long line that moves never fails.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from .errors import SlotTimeoutError
from .session import Reply, Session

Key = tuple[str, str]  # role and database
IDLE_SECONDS = 10.0


class Open(NamedTuple):
    """A statement that has run in a transaction that is not committed yet."""

    session: Session
    reply: Reply


class Waiter:
    """A step in line. `carrier` is the session under whose message its statement travels."""

    __slots__ = ("carrier", "future", "key", "sql")

    def __init__(self, key: Key, sql: bytes | None, future: "asyncio.Future[Open | Session]") -> None:
        self.key = key
        self.sql = sql  # None: the session alone is wanted
        self.future = future
        self.carrier: Session | None = None


class Slots:
    """The sessions of a worker that run users' statements, and the line in front of them."""

    def __init__(
        self,
        limit: int,
        timeout: float,
        connect: Callable[[Key], Awaitable[Session]],
        abandon: Callable[[Open], None],
    ) -> None:
        self.limit = limit
        self.timeout = timeout  # seconds without any slot given back, after which the head of the line fails
        self._connect = connect
        self._abandon = abandon  # rolls back a statement that nobody waits for any more
        self._busy: set[Session] = set()
        self._opening = 0
        self._idle: dict[Key, list[Session]] = {}
        self._line: deque[Waiter] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    @property
    def waiting(self) -> int:
        """How many steps stand in line."""
        return len(self._line)

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

    async def stand_in_line(self, key: Key, sql: bytes | None) -> Open | Session:
        """A session of this role and database; or the statement has run already, behind somebody's commit."""
        waiter = Waiter(key, sql, self._loop.create_future())
        self._line.append(waiter)
        if len(self._line) == 1:
            self.rearm()
        self._serve()
        try:
            return await waiter.future
        except asyncio.CancelledError:
            if (
                waiter.carrier is not None
            ):  # may hit the commit it travels with: that step is then taken again
                self.spawn(waiter.carrier.cancel())
            elif waiter.future.done() and not waiter.future.cancelled() and not waiter.future.exception():
                self._give_back(waiter.future.result())
            raise

    def _give_back(self, got: Open | Session) -> None:
        if isinstance(got, Open):
            self._abandon(got)
        else:
            self.free(got)

    def back_in_line(self, waiter: Waiter) -> None:
        """Whoever was served in vain is first again."""
        waiter.carrier = None
        self._line.appendleft(waiter)
        self._loop.call_soon(self._serve)

    def put_first(self, waiter: Waiter) -> None:
        """Undo `next_in_line`."""
        self._line.appendleft(waiter)

    def next_in_line(self, key: Key) -> Waiter | None:
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
            session = self.take_idle(head.key) if head.sql is not None else None
            if session is None and not self._make_room():
                return
            self._line.popleft()
            self.rearm()
            if session is not None:
                head.future.set_result(session)
            else:
                self._opening += 1
                self.spawn(self._open_for(head))

    def _make_room(self) -> bool:
        in_use = len(self._busy) + self._opening
        if in_use >= self.limit:
            return False
        if in_use + sum(map(len, self._idle.values())) >= self.limit:
            key, group = next((key, group) for key, group in self._idle.items() if group)
            self.spawn(group.pop().close())
            if not group:
                del self._idle[key]
        return True

    async def _open_for(self, waiter: Waiter) -> None:
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
            self.free(session)
        else:
            waiter.future.set_result(session)

    def take_idle(self, key: Key) -> Session | None:
        """An idle session of this role and database, if a slot is free."""
        if len(self._busy) + self._opening >= self.limit:
            return None
        group = self._idle.get(key, [])
        while group:
            session = group.pop()
            if not session.lost:
                self._busy.add(session)
                return session
        return None

    def adopt(self, session: Session) -> None:
        """A session that was opened in place of one that had a slot."""
        self._busy.add(session)

    def free(self, session: Session) -> None:
        """A session is done with its step."""
        self._busy.discard(session)
        self._idle.setdefault(session.key, []).append(session)
        session.idle_since = self._loop.time()
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(IDLE_SECONDS, self._sweep)
        self.rearm()
        self._serve()

    def _sweep(self) -> None:
        """Close what nobody has used for a while, so that databases and roles are left alone."""
        self._sweeper = None
        limit = self._loop.time() - IDLE_SECONDS
        for key, group in list(self._idle.items()):
            for session in [one for one in group if one.lost or one.idle_since <= limit]:
                group.remove(session)
                self.spawn(session.close())
            if not group:
                del self._idle[key]
        if self._idle:
            self._sweeper = self._loop.call_later(IDLE_SECONDS / 2, self._sweep)

    async def drop(self, session: Session) -> None:
        """Close a session; its slot is free."""
        await session.close()
        self._busy.discard(session)
        self.rearm()
        self._serve()

    def rearm(self) -> None:
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
        self.rearm()

    def spawn(self, work: "Awaitable[None]") -> "asyncio.Task[None]":
        """Do something that nobody waits for."""
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
