"""A worker's process: from one installation to the next, until it is told to end."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Mapping

from .errors import GoneError, LostConnectionError, RefusedError, ServerError
from .targets import control_conninfo
from .worker import INSTALL_LOOK_EVERY, ServerSettingError, Worker

log = logging.getLogger("dfsql.worker")


def work(
    dsn: str | Mapping[str, str] | None, *, concurrency: int | None = None, database: str | None = None
) -> None:
    """Execute workflows until SIGTERM or SIGINT, then finish the steps under way and return.

    Waits for the server and for schema df as long as it takes.
    """
    conninfo = dict(dsn) if isinstance(dsn, Mapping) else control_conninfo(dsn)
    if database is not None:
        conninfo["dbname"] = database
    asyncio.run(_until_signal(conninfo, concurrency))


async def _until_signal(conninfo: Mapping[str, str], concurrency: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(conninfo, concurrency, stop)


async def serve(conninfo: Mapping[str, str], concurrency: int | None, stop: asyncio.Event) -> None:
    """The same inside a running event loop, until `stop` is set."""
    gc.freeze()  # modules and code never become garbage
    while not stop.is_set():
        try:
            await Worker(conninfo, concurrency).serve(stop)
        except GoneError as problem:
            log.info("no installation: %s", problem)
        except (LostConnectionError, RefusedError, ServerError, ServerSettingError) as problem:
            log.warning("%s", problem)
        if not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INSTALL_LOOK_EVERY):
                    await stop.wait()
