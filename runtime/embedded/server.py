"""The server's process: started, awaited, stopped. The caller holds the gate.

Every process of the server holds the lock `server` (an open file that it inherits), so the lock tells
whether any of them lives, whatever a pid file says, and two servers can never run on the same data.
"""

import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path

from . import binaries
from .accounts import WHERE_I_AM, Account, account_of
from .cluster import tail
from .errors import EmbeddedError
from .layout import Layout
from .locks import Lock, is_held

PORT = "5432"  # only a part of the socket's name
_SOCKET_LIMIT = 80  # bytes: the kernel allows about 100, and PostgreSQL appends the socket's name
_START = 120.0  # seconds that a server may take to start, crash recovery included
_STOP = 30.0  # seconds for a clean stop
_LOG_LIMIT = 2_000_000  # bytes; a longer log begins anew at the next start
_PAUSE = 0.005
_CAN_LOOK = os.path.exists(WHERE_I_AM)  # whether the system tells where another process works

# fsync and synchronous_commit stay on: what is completed must be durable.
_SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "password_encryption": "scram-sha-256",
    "logging_collector": "off",
    "log_destination": "stderr",
}


class Server:
    """The server of one layout, which may or may not run."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    @property
    def is_alive(self) -> bool:
        """Whether any process of the server lives."""
        return is_held(self._layout.lock("server"))

    @property
    def pid(self) -> int | None:
        """The number of the server's first process, as far as known."""
        line = self._line(1)
        return int(line) if line.isdigit() else None

    @property
    def socket_folder(self) -> Path | None:
        """Where the running server's socket is."""
        line = self._line(5)
        if not line:
            return None
        return self._layout.data if line == WHERE_I_AM else Path(line)

    @property
    def login(self) -> dict[str, str]:
        """What reaches the running server, but for the user and the database."""
        return {"host": str(self.socket_folder), "port": PORT}

    @property
    def major(self) -> int | None:
        """The version that wrote the data; None where there are none."""
        try:
            return int((self._layout.data / "PG_VERSION").read_text().strip())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def ensure(self) -> None:
        """Starts the server where it does not run, and waits until it takes connections."""
        if self.is_alive and self._become_ready():
            return
        self._start()
        if not self._become_ready():
            raise EmbeddedError(f"the server did not start:\n{tail(self._layout)}")

    def stop(self) -> bool:
        """Stops the server, at once but cleanly; False where it did not run."""
        place = self.socket_folder  # a clean stop takes the file with it that says where
        if not self.is_alive:
            self._clear(place)
            return False
        for how, seconds in ((signal.SIGINT, _STOP), (signal.SIGQUIT, _STOP)):
            self._send(how)
            if self._ends_within(seconds):
                self._clear(place)
                return True
        raise EmbeddedError(f"the server (process {self.pid}) does not stop:\n{tail(self._layout)}")

    def _start(self) -> None:
        layout = self._layout
        version = self.major
        assert version is not None
        programs = binaries.find(version)
        self._refuse_foreign()
        self._clear(self.socket_folder)
        account = account_of(layout.data)
        folder = self._socket(account)
        command = [programs.path("postgres"), "-D", account.name_of(layout.data)]
        for name, value in {**_SETTINGS, "unix_socket_directories": folder}.items():
            command += ["-c", f"{name}={value}"]
        self._shorten_log()
        held = Lock(layout.lock("server"))
        try:
            if not held.take():
                raise EmbeddedError(f"a server is still running on {layout.data}")
            # PGHOST is for connections from the server to itself: ordinary roles may not read where its socket is.
            account.start(command, layout.data, layout.log, {"PGHOST": folder, "PGPORT": PORT}, held.number)
        finally:
            held.free()

    def _become_ready(self) -> bool:
        """Waits for a server that lives; False when it has ended instead, or is about to."""
        deadline = time.monotonic() + _START
        while self._line(8) != "ready" or not self._first_lives():
            if not self.is_alive:
                return False
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"the server is not ready after {_START:.0f} s; it may still be recovering:\n{tail(self._layout)}"
                )
            time.sleep(_PAUSE)
        return True

    def _first_lives(self) -> bool:
        """Whether the first process lives: after its SIGKILL the others need a moment to end."""
        pid = self.pid
        if pid is None:
            return False
        if _CAN_LOOK:
            return self._works_on_data(pid)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True

    def _ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.is_alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def _send(self, how: signal.Signals) -> None:
        # The file belongs to the server's account, so what it says is looked at before root acts on it.
        if self.pid is not None and (self._works_on_data(self.pid) or not _CAN_LOOK):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, how)

    def _works_on_data(self, pid: int) -> bool:
        """Whether a process lives where a server of ours does (Linux; elsewhere nobody can say)."""
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", self._layout.data)
        except OSError:
            return False

    def _refuse_foreign(self) -> None:
        """Raises EmbeddedError where somebody else runs a server on our data; PostgreSQL would refuse as well."""
        if self.pid is not None and self._works_on_data(self.pid):
            raise EmbeddedError(
                f"process {self.pid}, which dfsql did not start, runs on {self._layout.data}: stop it first"
            )

    def _clear(self, place: Path | None) -> None:
        """Removes what a server that is gone has left; `place` is where its socket was."""
        if place is not None and place != self._layout.data and place.name.startswith("dfsql-"):
            with contextlib.suppress(OSError):
                for file in place.glob(f".s.PGSQL.{PORT}*"):
                    file.unlink()
                place.rmdir()
        self._layout.pid_file.unlink(missing_ok=True)

    def _socket(self, account: Account) -> str:
        """Where the server shall put its socket: beside the data, or in a short folder of its own."""
        path = str(self._layout.data)
        if len(os.fsencode(path)) <= _SOCKET_LIMIT and not set(path) & set(',"'):
            return account.name_of(self._layout.data)
        base = tempfile.gettempdir()
        if account.user is not None or len(os.fsencode(base)) > _SOCKET_LIMIT - 20:
            base = "/tmp"
        place = Path(tempfile.mkdtemp(prefix="dfsql-", dir=base))  # of mode 0700
        account.own(place)
        return str(place)

    def _shorten_log(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._layout.log.stat().st_size > _LOG_LIMIT:
                os.truncate(self._layout.log, 0)

    def _line(self, number: int) -> str:
        """A line of PostgreSQL's pid file: 1 the process, 5 the socket's folder, 8 the state."""
        try:
            lines = self._layout.pid_file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        return lines[number - 1].strip() if len(lines) >= number else ""
