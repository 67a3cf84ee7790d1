"""Nodes that outlast 200 ms are shown as running, by a write from another connection; shorter ones cost no write."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .scope import Scope

SHOW_AFTER = 0.2  # seconds
_LOOK_EVERY = 0.05


class _Entry(NamedTuple):
    since: float
    scope: "Scope"
    node_id: str
    stamp: str


class Marks:
    """Every node that has begun, in order of time, until it ends or is shown."""

    def __init__(
        self, write: Callable[[Sequence[str], Sequence[str], Sequence[str]], Awaitable[None]]
    ) -> None:
        self._write = write
        self._entries: deque[_Entry] = deque()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def add(self, scope: "Scope", node_id: str, stamp: str) -> None:
        """A node begins now."""
        self._entries.append(_Entry(self._loop.time(), scope, node_id, stamp))
        if self._timer is None:
            self._timer = self._loop.call_later(SHOW_AFTER, self._look)

    def close(self) -> None:
        """Forget everything."""
        self._entries.clear()
        if self._timer:
            self._timer.cancel()
        if self._task:
            self._task.cancel()

    def _look(self) -> None:
        self._timer = None
        if self._task is None or self._task.done():
            due = self._due()
            if due:
                self._task = self._loop.create_task(self._show(due))
        if self._entries:
            self._timer = self._loop.call_later(_LOOK_EVERY, self._look)

    def _due(self) -> list[_Entry]:
        """Entries old enough whose node still runs and is not shown yet."""
        limit = self._loop.time() - SHOW_AFTER
        found = []
        while self._entries and self._entries[0].since <= limit:
            entry = self._entries.popleft()
            scope = entry.scope
            if scope.open.get(entry.node_id) == entry.stamp and entry.node_id not in scope.shown:
                scope.shown.add(entry.node_id)
                found.append(entry)
        return found

    async def _show(self, due: list[_Entry]) -> None:
        await self._write(
            [entry.scope.instance.id for entry in due],
            [entry.node_id for entry in due],
            [entry.stamp for entry in due],
        )
