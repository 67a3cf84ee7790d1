"""The session that proves that a worker lives: it holds the worker's lock, and notifications arrive on it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from .errors import LostConnectionError, raise_for
from .session import Command, Session

log = logging.getLogger("dfsql.worker")

_RETRY_FIRST, _RETRY_MOST = 0.05, 1.0  # seconds


class Lifeline:
    """Keeps one session open, and takes the lock again when it had to be opened anew."""

    def __init__(
        self, worker_id: str, wake: asyncio.Event, connect: Callable[[], Awaitable[Session]]
    ) -> None:
        self._worker_id = worker_id.encode()
        self._wake = wake
        self._connect = connect
        self._session: Session | None = None

    async def hold(self) -> None:
        """Make sure that the session lives. Raises LostConnectionError while the server does not answer, GoneError."""
        if self._session is not None and not self._session.lost:
            return
        session = await self._connect()
        try:
            await self._register(session)
        except BaseException:
            await session.close()
            raise
        self._session = session
        session.on_notify = self._wake
        self._wake.set()  # what was announced meanwhile was not heard

    async def hold_patiently(self) -> None:
        """The same, waiting for the server."""
        pause = _RETRY_FIRST
        while True:
            try:
                await self.hold()
                return
            except LostConnectionError as problem:
                log.info("waiting for the server: %s", problem)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _RETRY_MOST)

    async def _register(self, session: Session) -> None:
        """Register and listen; the lock of our own broken session may need a moment to go."""
        while True:
            listen, register = await session.exchange(
                Command(b"LISTEN dfsql_work"), Command(b"SELECT _duroxide.register($1)", (self._worker_id,))
            )
            for reply in (listen, register):
                if reply.error:
                    raise_for(reply.error)
            if register.value() == "t":
                return
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Close the session; the lock goes with it."""
        if self._session is not None:
            await self._session.close()
