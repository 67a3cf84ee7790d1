"""The worker's own sessions: polls, beats, and checkpoints of everything that is no SQL step."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from .errors import LOCK_TIMEOUT, LostConnectionError, RefusedError, raise_for
from .failpoints import hit
from .session import Command, Param, Reply, Session, checkpoint_command

_LOCK_PAUSE = 0.5  # seconds


class Management:
    """A few sessions that log in as the worker; every call is a transaction of its own."""

    def __init__(self, limit: int, connect: Callable[[], Awaitable[Session]]) -> None:
        self._connect = connect
        self._free: list[Session] = []
        self._places = asyncio.Semaphore(limit)

    async def value(self, sql: str, *params: str | None) -> str | None:
        """The only cell that a query returns. Raises LostConnectionError, GoneError, FencedError, ServerError."""
        encoded = tuple(None if param is None else param.encode() for param in params)
        reply = await self._send(Command(sql.encode(), encoded))
        return reply.value()

    async def document(self, sql: str, *params: str | None) -> Any:
        """The same for a query that returns JSON."""
        text = await self.value(sql, *params)
        return None if text is None else json.loads(text)

    async def checkpoint(self, params: tuple[Param, ...]) -> None:
        """Commit a scope's changes that belong to no open step."""
        hit("checkpoint.before")
        while True:
            try:
                await self._send(checkpoint_command(params))
                break
            except LostConnectionError as problem:
                if problem.code != LOCK_TIMEOUT:
                    raise
            await asyncio.sleep(
                _LOCK_PAUSE
            )  # somebody has the row locked: others may use the session meanwhile
        hit("checkpoint.after")

    async def close(self) -> None:
        """Close all sessions."""
        for session in self._free:
            await session.close()
        self._free.clear()

    async def _session(self) -> Session:
        """A session that is not known to be lost. A refusal is the worker's own trouble and fails no instance."""
        while self._free:
            session = self._free.pop()
            if not session.lost:
                return session
        try:
            return await self._connect()
        except RefusedError as problem:
            raise LostConnectionError(str(problem)) from None

    async def _send(self, command: Command) -> Reply:
        async with self._places:
            session = await self._session()
            try:
                (reply,) = await asyncio.shield(session.exchange(command))
            except LostConnectionError:
                await session.close()
                raise
            except asyncio.CancelledError:  # the answer is still on its way: this session is of no more use
                await session.close()
                raise
            self._free.append(session)
        if reply.error:
            raise_for(reply.error)
        return reply
