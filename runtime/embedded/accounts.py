"""Under which account the server runs: PostgreSQL refuses to be root, and rightly."""

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import launch
from .errors import EmbeddedError

# The data directory by a name that needs no right to any folder above it: a process may be where it was
# put, even below a folder that it could not pass.
WHERE_I_AM = "/proc/self/cwd"
_KEPT = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # nothing of PG*, and no secrets


@dataclass(frozen=True)
class Account:
    """The caller itself, another user (`user`, `group`), or root without its powers (`namespace`)."""

    user: int | None = None
    group: int | None = None
    namespace: int | None = None  # what root's number is called inside

    @property
    def is_hidden(self) -> bool:
        """Whether the server may be shut out of the folders above its data, and so names them otherwise."""
        return self.user is not None and os.path.exists(WHERE_I_AM)

    def name_of(self, data: Path) -> str:
        """The data directory as the server calls it."""
        return WHERE_I_AM if self.is_hidden else str(data)

    def own(self, path: Path) -> None:
        """Hands a folder to the account."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)

    def run(self, command: list[str], cwd: Path, log: Path) -> bool:
        """Runs a command to its end; False when it failed, and then the log says why."""
        return self._launch(command, cwd, log, {}, None)

    def start(
        self, command: list[str], cwd: Path, log: Path, environment: Mapping[str, str], held: int
    ) -> bool:
        """Starts a command that lives on without us and holds on to an open file."""
        return self._launch(command, cwd, log, environment, held)

    def _launch(
        self, command: list[str], cwd: Path, log: Path, environment: Mapping[str, str], held: int | None
    ) -> bool:
        orders = {
            "command": command,
            "cwd": str(cwd),
            "detach": held is not None,
            "user": self.user,
            "group": self.group,
            "namespace": self.namespace,
            "environment": {
                **{name: os.environ[name] for name in _KEPT if name in os.environ},
                "LC_ALL": "C",
                "TZ": "UTC",
                **environment,
            },
        }
        # -I -S: nothing of the caller's Python, and a start of few milliseconds.
        program = [sys.executable, "-I", "-S", launch.__file__, json.dumps(orders)]
        with open(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600), "ab") as sink:
            done = subprocess.run(
                program,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                pass_fds=() if held is None else (held,),
                check=False,
            )
        return done.returncode == 0


def candidates() -> Iterator[Account]:
    """The accounts worth trying for a new cluster, best first.

    For root: the account that is meant for this; root itself without powers, where the kernel lets us (then
    no other user is involved); and last an account that other services may use too.
    """
    if os.geteuid() != 0:
        yield Account()
        return
    yield from _user("postgres")
    if sys.platform == "linux":
        others = sorted((e for e in pwd.getpwall() if e.pw_uid), key=lambda entry: entry.pw_name != "nobody")
        if others:  # initdb wants a number that has a name
            yield Account(namespace=others[0].pw_uid)
    yield from _user("nobody")


def _user(name: str) -> Iterator[Account]:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return
    yield Account(user=entry.pw_uid, group=entry.pw_gid)


def account_of(data: Path) -> Account:
    """The account under which a cluster was created, told by the owner of its files. Raises EmbeddedError."""
    owner = data.stat()
    if os.geteuid() != 0:
        if owner.st_uid != os.geteuid():
            raise EmbeddedError(f"{data} belongs to another user: set DFSQL_DATA_DIR to a folder of your own")
        return Account()
    if owner.st_uid != 0:
        return Account(user=owner.st_uid, group=owner.st_gid)
    for account in candidates():
        if account.namespace is not None:
            return account
    raise EmbeddedError(f"{data} belongs to root, and this system has no user namespaces to run it in")
