"""One server for all commands that need it at the same time.

Each holds the lock `users` together with the others; the kernel drops it when a command ends, however it
ends. The first one in starts the server and the last one out stops it; who was killed leaves the server
running, and the next one uses it. Whoever starts or stops holds the lock `gate` alone.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from . import binaries, cluster
from .errors import EmbeddedError
from .layout import Layout
from .locks import Lock, gate, is_held
from .server import Server

_GATE = 180.0  # seconds: more than a start with crash recovery may take


class Embedded:
    """The embedded server, while it is being used. A context manager.

    `folder` is where its files are (default: below `data_directory()`). With `keep_running` the server is
    not stopped by this user, even if it is the last.
    """

    def __init__(self, folder: Path | str | None = None, *, keep_running: bool = False) -> None:
        self._layout = Layout.of(folder)
        self._keep_running = keep_running
        self._users: Lock | None = None
        self._login: dict[str, str] = {}

    @property
    def folder(self) -> Path:
        """Where the server's files are."""
        return self._layout.folder

    @property
    def dsn(self) -> str:
        """The connection string of the ordinary role, which owns its database."""
        return self._dsn(user=cluster.ROLE)

    @property
    def superuser_dsn(self) -> str:
        """The connection string of the superuser; the password is in the file that it names."""
        return self._dsn(user=cluster.SUPERUSER, passfile=str(self._layout.passfile))

    def program(self, name: str) -> str:
        """A program of the server's version, such as psql. Raises EmbeddedError where it does not come with it."""
        path = binaries.find(Server(self._layout).major).path(name)
        if not os.path.exists(path):
            raise EmbeddedError(f"{path} is not there: install PostgreSQL's client programs")
        return path

    def share(self) -> Self:
        """Begins to use the server, and starts it where nobody has. Raises EmbeddedError."""
        if self._users is not None:
            raise RuntimeError("this one is in use already")
        self._layout.create()
        server = Server(self._layout)
        with gate(self._layout.lock("gate"), _GATE):
            users = Lock(self._layout.lock("users"))
            users.take(shared=True)
            try:
                self._bring_up(server)
            except BaseException:
                _let_go(users, server, stop=True)
                raise
            self._login = server.login
            self._users = users
        return self

    def leave(self) -> None:
        """Ends the use; the last one stops the server."""
        users, self._users = self._users, None
        if users is None:
            return
        self._login = {}
        try:
            with gate(self._layout.lock("gate"), _GATE):
                _let_go(users, Server(self._layout), stop=not self._keep_running)
        finally:
            users.free()

    def __enter__(self) -> Self:
        return self.share()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def _bring_up(self, server: Server) -> None:
        if server.major is None:
            cluster.create(self._layout, binaries.find())
        server.ensure()
        if not self._layout.prepared.exists():
            cluster.prepare(self._layout, server.login)

    def _dsn(self, **more: str) -> str:
        from psycopg.conninfo import make_conninfo

        if self._users is None:
            raise RuntimeError("not in use: enter it first")
        return make_conninfo(**self._login, dbname=cluster.DATABASE, **more)


def _let_go(users: Lock, server: Server, *, stop: bool) -> None:
    """Stops the server unless others use it."""
    try:
        if stop and users.take():
            server.stop()
    finally:
        users.free()


@dataclass(frozen=True)
class Status:
    """What there is in a folder."""

    folder: Path
    major: int | None  # of the PostgreSQL that wrote the data; None: no data yet
    running: bool
    in_use: bool
    pid: int | None  # of the running server


def status(folder: Path | str | None = None) -> Status:
    """What there is in a folder (default: the user's own)."""
    layout = Layout.of(folder)
    server = Server(layout)
    if not layout.folder.exists():
        return Status(layout.folder, None, False, False, None)
    layout.check_owner()
    with gate(layout.lock("gate"), _GATE):
        running = server.is_alive
        return Status(
            layout.folder,
            server.major,
            running,
            is_held(layout.lock("users")),
            server.pid if running else None,
        )


def stop(folder: Path | str | None = None, *, force: bool = False) -> bool:
    """Stops the server; False where it did not run. Raises EmbeddedError while others use it, unless forced."""
    layout = Layout.of(folder)
    if not layout.folder.exists():
        return False
    layout.check_owner()
    with gate(layout.lock("gate"), _GATE):
        return _stop(layout, force)


def reset(folder: Path | str | None = None, *, force: bool = False) -> bool:
    """Stops the server and deletes its data; False where there were none. Raises EmbeddedError as `stop`."""
    layout = Layout.of(folder)
    if not layout.folder.exists():
        return False
    layout.check_owner()
    with gate(layout.lock("gate"), _GATE):
        _stop(layout, force)
        existed = layout.data.exists()
        layout.prepared.unlink(missing_ok=True)
        shutil.rmtree(layout.discarded, ignore_errors=True)
        if existed:  # gone at once, even if deleting takes its time or is interrupted
            layout.data.rename(layout.discarded)
        for rest in (layout.discarded, layout.unfinished):
            shutil.rmtree(rest, ignore_errors=True)
        layout.passfile.unlink(missing_ok=True)
        layout.log.unlink(missing_ok=True)
    return existed


def _stop(layout: Layout, force: bool) -> bool:
    if not force and is_held(layout.lock("users")):
        raise EmbeddedError("the server is in use by another dfsql: end that one first, or use --force")
    return Server(layout).stop()
