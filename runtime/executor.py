"""The sessions on which steps run: a bounded number, first come first served, passed on with the commit of a step.

A step that has its rows is *open*: its transaction waits for the checkpoint. The checkpoint, COMMIT and the statement
of whoever is next in line for the same role and database travel in one message.
"""

import asyncio
from collections.abc import Awaitable, Callable

from .errors import (
    FENCED,
    CommitRefusedError,
    FencedError,
    GoneError,
    LostConnectionError,
    RefusedError,
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
    statement,
)
from .slots import Key, Open, Slots, Waiter


class Executor:
    """All sessions of a worker that run users' statements."""

    def __init__(self, limit: int, timeout: float, connect: Callable[[Key], Awaitable[Session]]) -> None:
        self.slots = Slots(limit, timeout, connect, self.abandon)
        self._connect = connect

    @property
    def backlog(self) -> int:
        """How many steps stand in line."""
        return self.slots.waiting

    async def begin(self, key: Key, sql: bytes) -> Open:
        """Run a statement in a new transaction, when its turn comes.

        Raises SlotTimeoutError, RefusedError (connection), LostConnectionError.
        """
        if not self.slots.waiting and (session := self.slots.take_idle(key)):
            return await self._run_first(session, sql)
        got = await self.slots.stand_in_line(key, sql)
        if isinstance(got, Open):
            return got
        return await self._run_first(got, sql)

    async def alone(self, key: Key) -> Session:
        """A session of the caller's own, outside of any transaction. Give it back with `discard`."""
        got = await self.slots.stand_in_line(key, None)
        assert isinstance(got, Session)
        return got

    async def commit(self, opened: Open, params: tuple[Param, ...]) -> None:
        """Write the checkpoint, commit, and pass the session on.

        Raises CommitRefusedError (the step has not happened), FencedError, LostConnectionError (nobody knows).
        """
        session = opened.session
        hit("commit.before")
        waiter = self.slots.next_in_line(session.key)
        if waiter is None or waiter.sql is None:
            if waiter:
                self.slots.put_first(waiter)
            committed = session.exchange(checkpoint_command(params), COMMIT)
            committed.add_done_callback(lambda done: self._committed(session, done))
        else:
            waiter.carrier = session
            # In two: whoever commits must not wait for a statement of somebody else.
            committed, answer = session.exchange_in_two(
                (checkpoint_command(params), COMMIT_AND_CHAIN), (GUARD, statement(waiter.sql))
            )
            answer.add_done_callback(lambda done: self._handed_over(session, waiter, done))
        hit("commit.sent")
        replies = await asyncio.shield(committed)
        _check_commit(replies)
        hit("commit.after")

    async def commit_and_begin(self, opened: Open, params: tuple[Param, ...], sql: bytes) -> Open:
        """Commit and run the next statement of the same session, in the same message when nobody else waits."""
        if self.slots.waiting:
            await self.commit(opened, params)
            return await self.begin(opened.session.key, sql)
        session = opened.session
        hit("commit.before")
        answer = session.exchange(checkpoint_command(params), COMMIT_AND_CHAIN, GUARD, statement(sql))
        hit("commit.sent")
        replies = await self._guarded(session, answer)
        try:
            _check_commit(replies)
        except BaseException:
            self.slots.spawn(self._roll_back(session))
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
        await asyncio.shield(self.slots.spawn(self._roll_back(opened.session)))

    def abandon(self, opened: Open) -> None:
        """The same without waiting, for whoever is being cancelled."""
        self.slots.spawn(self._roll_back(opened.session))

    def discard(self, session: Session) -> None:
        """Close a session whose state nobody knows and free its slot."""
        self.slots.spawn(self.slots.drop(session))

    async def close(self) -> None:
        """Close every session; what is open is rolled back."""
        await self.slots.close()

    # One exchange, seen by the coroutine that waits for it

    async def _run_first(self, session: Session, sql: bytes) -> Open:
        hit("statement.before")
        answer = session.exchange(BEGIN, GUARD, statement(sql))
        replies = await self._guarded(session, answer)
        return await self._after_guard(session, replies[1], replies[2], sql)

    async def _after_guard(self, session: Session, guard: Reply, reply: Reply, sql: bytes) -> Open:
        if guard.error is None:
            hit("statement.after")
            return Open(session, reply)
        # The role may have lost LOGIN, CONNECT or its life: a new connection says so in the server's own words.
        key, error = session.key, guard.error
        await self.slots.drop(session)
        fresh = await self._connect(key)
        self.slots.adopt(fresh)
        replies = await self._guarded(fresh, fresh.exchange(BEGIN, GUARD, statement(sql)))
        if replies[1].error:
            self.slots.spawn(self.slots.drop(fresh))
            if error.schema_gone:
                raise GoneError(error.message)
            raise RefusedError(refusal_text(f"FATAL: {error.message}", key))
        return Open(fresh, replies[2])

    async def _guarded(self, session: Session, answer: "asyncio.Future[list[Reply]]") -> list[Reply]:
        """Wait for an answer; when the waiting is cancelled, so is the statement in the server."""
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            self.slots.spawn(self._cancel(session))
            raise
        except LostConnectionError:
            self.slots.spawn(self.slots.drop(session))
            raise

    async def _cancel(self, session: Session) -> None:
        await session.cancel()
        await self.slots.drop(session)

    async def _roll_back(self, session: Session) -> None:
        try:
            await session.exchange(ROLLBACK)
        except LostConnectionError:
            await self.slots.drop(session)
        else:
            self.slots.free(session)

    # What becomes of a session when its message is answered, whoever still listens

    def _committed(self, session: Session, done: "asyncio.Future[list[Reply]]") -> None:
        if done.cancelled() or done.exception() or any(reply.error for reply in done.result()):
            self.slots.spawn(self.slots.drop(session) if session.lost else self._roll_back(session))
        else:
            self.slots.free(session)

    def _handed_over(self, session: Session, waiter: Waiter, done: "asyncio.Future[list[Reply]]") -> None:
        self.slots.rearm()
        if done.cancelled() or done.exception():
            waiter.sql = None  # maybe it was what ended the connection: it travels alone from now on
            self.slots.back_in_line(waiter)
            self.slots.spawn(self.slots.drop(session))
            return
        first, second, guard, reply = done.result()
        if first.error or second.error or guard.error or waiter.future.done():
            given_up = waiter.future.done()  # a request to cancel is under way to this session
            if not given_up:  # its statement has not run, or is rolled back now
                self.slots.back_in_line(waiter)
            self.slots.spawn(
                self.slots.drop(session) if guard.error or given_up else self._roll_back(session)
            )
        else:
            waiter.future.set_result(Open(session, reply))


def _check_commit(replies: list[Reply]) -> None:
    error = replies[0].error or replies[1].error
    if error is None:
        return
    if error.code == FENCED:
        raise FencedError(error.message)
    raise CommitRefusedError(error)
