"""Graphs of instances that live longer than a moment are written down, so that whoever takes them over has the same.

Most instances are over before: writing every graph would double what a short workflow writes.
"""

import asyncio
import json
import logging
from collections import deque
from typing import TYPE_CHECKING

from .errors import LostConnectionError, ServerError
from .management import Management

if TYPE_CHECKING:
    from .instance import Instance

log = logging.getLogger("dfsql.worker")

FREEZE_AFTER = 0.5  # seconds: identity and graph must be frozen within one second of the pick-up
_LOOK_EVERY = 0.1
_BATCH = 50


class Freezer:
    """Instances in the order in which they were loaded, until they are gone or frozen."""

    def __init__(self, management: Management) -> None:
        self._management = management
        self._loaded: deque[tuple[float, Instance]] = deque()
        self._task: asyncio.Task[None] | None = None

    def add(self, instance: "Instance") -> None:
        """An instance was loaded now."""
        self._loaded.append((asyncio.get_running_loop().time(), instance))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def close(self) -> None:
        """Forget everything."""
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._loaded:
            left = self._loaded[0][0] + FREEZE_AFTER - loop.time()
            await asyncio.sleep(max(left, _LOOK_EVERY))
            due: list[Instance] = []
            while self._loaded and self._loaded[0][0] + FREEZE_AFTER <= loop.time() and len(due) < _BATCH:
                instance = self._loaded.popleft()[1]
                if not instance.gone and not instance.frozen:
                    due.append(instance)
            if due:
                await self._freeze(due)

    async def _freeze(self, due: "list[Instance]") -> None:
        graphs = json.dumps({instance.id: instance.header for instance in due})
        try:
            await self._management.value("SELECT _duroxide.freeze($1)", graphs)
        except (LostConnectionError, ServerError) as problem:
            log.info("cannot freeze graphs: %s", problem)
            return
        for instance in due:
            instance.frozen = True
