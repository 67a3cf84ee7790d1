"""The session that proves that a worker lives: it holds the worker's lock, beats, and notifications arrive on it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from .errors import LostConnectionError, raise_for
from .lease import Lease
from .session import Command, Reply, Session

_ANSWER_SECONDS = 10.0  # a server that is cut off does not answer, and does not refuse either
_LOCK_SECONDS = 5.0  # for the lock of our own lost session


class Lifeline:
    """Keeps one session open, and takes the lock again when it had to be opened anew."""

    def __init__(
        self, worker_id: str, wake: asyncio.Event, lease: Lease, connect: Callable[[], Awaitable[Session]]
    ) -> None:
        self._worker_id = worker_id.encode()
        self._wake = wake
        self._lease = lease
        self._connect = connect
        self._session: Session | None = None
        self._turn = asyncio.Lock()

    async def hold(self) -> None:
        """Make sure that the session lives. Raises LostConnectionError while the server does not answer, GoneError."""
        async with self._turn:
            await self._held()

    async def beat(self) -> Any:
        """Prove that the worker lives, and renew its lease. None when the worker's row is gone. Raises as `hold`."""
        async with self._turn:
            session = await self._held()
            asked_at = Lease.now()
            (reply,) = await self._ask(session, Command(b"SELECT _duroxide.beat($1)", (self._worker_id,)))
            text = reply.value()
            found = None if text is None else json.loads(text)
            if found is not None:
                self._lease.renew(asked_at, found["lease"])
            return found

    async def close(self) -> None:
        """Close the session; the lock goes with it."""
        if self._session is not None:
            await self._session.close()

    async def _held(self) -> Session:
        if self._session is not None and not self._session.lost:
            return self._session
        session = await self._connect()
        try:
            async with asyncio.timeout(_LOCK_SECONDS):
                await self._register(session)
        except TimeoutError:
            await session.close()
            raise LostConnectionError("the lock of the session before is not free yet") from None
        except BaseException:
            await session.close()
            raise
        self._session = session
        session.on_notify = self._wake
        self._wake.set()  # what was announced meanwhile was not heard
        return session

    async def _register(self, session: Session) -> None:
        """Register and listen; the lock of our own broken session may need a moment to go."""
        register = Command(b"SELECT _duroxide.register($1)", (self._worker_id,))
        while True:
            asked_at = Lease.now()
            replies = await self._ask(session, Command(b"LISTEN dfsql_work"), register)
            if replies[1].value() == "t":
                break
            await asyncio.sleep(0.1)
        # Always: while we were away, schema df may have been dropped and created again.
        await self._ask(session, Command(b"SELECT _duroxide.publish_ready()"))
        self._lease.begin(session, asked_at)

    async def _ask(self, session: Session, *commands: Command) -> list[Reply]:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                replies = await session.exchange(*commands)
        except BaseException as problem:
            await session.close()
            if isinstance(problem, TimeoutError):
                raise LostConnectionError("the server does not answer") from None
            raise
        for reply in replies:
            if reply.error:
                raise_for(reply.error)
        return replies
