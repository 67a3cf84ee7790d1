"""A worker beside the main thread of a command, for those who have none of their own."""

import asyncio
import threading
from collections.abc import Mapping

from .process import serve


class BackgroundWorker:
    """A worker in a thread, from `start` to `stop`. What it has begun is finished when it is stopped."""

    def __init__(self, conninfo: Mapping[str, str], concurrency: int | None = None) -> None:
        self._conninfo = conninfo
        self._concurrency = concurrency
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._begun = threading.Event()
        self.problem: BaseException | None = None  # why it has ended by itself

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begins to work."""
        self._thread = threading.Thread(target=self._run, name="dfsql-worker", daemon=True)
        self._thread.start()
        self._begun.wait()

    def stop(self, timeout: float | None = None) -> bool:
        """Ends the work in good order; False when steps are still under way after so many seconds."""
        if self._thread is None:
            return True
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as problem:  # told to whoever waits for results
            self.problem = problem
        finally:
            self._begun.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._begun.set()
        await serve(self._conninfo, self._concurrency, self._stop)
