"""Locks between processes that the kernel drops when a process ends, however it ends."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import EmbeddedError

_PAUSE = 0.01  # seconds between two looks


class Lock:
    """A file that one holds alone or several hold together; free while nobody has it open and locked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self, *, shared: bool = False) -> bool:
        """Takes the lock, or changes how it is held; False where another holds it."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Takes the lock alone as soon as it is free; False when it was not in time."""
        deadline = time.monotonic() + seconds
        while not self.take():
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def free(self) -> None:
        """Lets go. Processes that inherited the file still hold it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def number(self) -> int:
        """The file's number, to be handed to a process that shall hold the lock too."""
        assert self._file is not None
        return self._file


def is_held(path: Path) -> bool:
    """Whether somebody holds a lock."""
    if not path.exists():
        return False
    lock = Lock(path)
    try:
        return not lock.take()
    finally:
        lock.free()


@contextlib.contextmanager
def gate(path: Path, seconds: float) -> Iterator[None]:
    """One at a time between here and the end of the block. Raises EmbeddedError when it takes too long."""
    lock = Lock(path)
    try:
        if not lock.wait(seconds):
            raise EmbeddedError(
                f"another dfsql has been starting or stopping the server for {seconds:.0f} s: look at {path.parent}/log"
            )
        yield
    finally:
        lock.free()
