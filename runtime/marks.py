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


class Mark(NamedTuple):
    """A row that is to say running: only when the commit of the step in front of it has come to its end."""

    instance_id: str
    node_id: str
    stamp: str
    behind: str | None  # generation and position of the scope by then; None: nothing is being committed


class Marks:
    """Every node that has begun, in order of time, until it ends or is shown."""

    def __init__(self, write: Callable[[Sequence["Mark"]], Awaitable[set[int]]]) -> None:
        self._write = write  # tells which of them could be written, counted from 1
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
            if scope.open.get(entry.node_id) != entry.stamp or entry.node_id in scope.shown:
                continue
            if scope.opened is not None:  # the step in front of it is not even being committed
                self._again(entry)
            else:
                found.append(entry)
        return found

    def _again(self, entry: _Entry) -> None:
        self._entries.append(entry._replace(since=self._loop.time()))

    async def _show(self, due: list[_Entry]) -> None:
        marks = [
            Mark(entry.scope.instance.id, entry.node_id, entry.stamp, entry.scope.committing) for entry in due
        ]
        written = await self._write(marks)
        for number, (entry, mark) in enumerate(zip(due, marks, strict=True), start=1):
            if entry.scope.open.get(entry.node_id) != entry.stamp:
                continue
            if number in written or mark.behind is None:
                entry.scope.shown.add(entry.node_id)
            else:
                self._again(entry)
        if self._entries and self._timer is None:
            self._timer = self._loop.call_later(_LOOK_EVERY, self._look)
