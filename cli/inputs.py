"""What a command reads: files, folders and standard input, one after the other, past what cannot be read."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..grammar import Finding, Source
from .console import say
from .decode import decode
from .status import Status, worst

STDIN = "-"
SUFFIX = ".dfsql"


@dataclass(frozen=True)
class Input:
    """A text with its name for reports; `finding` says why the bytes are no text, if they are none."""

    source: Source
    path: Path | None  # None: standard input
    data: bytes
    finding: Finding | None

    @property
    def stem(self) -> str:
        """What outputs made of it are called."""
        return Path(self.source.name).stem if self.path or self.source.name != "<stdin>" else "stdin"


class Inputs:
    """Iterates over the inputs that the arguments name; `status` says afterwards what went wrong."""

    def __init__(self, paths: Sequence[str], *, stdin_filename: str | None = None) -> None:
        self.paths = paths
        self.stdin_filename = stdin_filename
        self.status = Status.OK
        self.count = 0
        self._seen: set[str] = set()

    def __iter__(self) -> Iterator[Input]:
        empty: list[str] = []
        for argument in self.paths:
            if argument == STDIN:
                if STDIN not in self._seen:
                    self._seen.add(STDIN)
                    yield from self._stdin()
            elif not argument:
                self.refuse("cannot read '': the name of a file is empty")
            elif os.path.isdir(argument):
                files = self._walk(argument)
                if not files:
                    empty.append(argument)
                for file in files:
                    yield from self._file(file)
            else:
                yield from self._file(argument)
        for folder in empty:
            say(f"no *{SUFFIX} file in {display(folder)}")
        if empty and not self.count:
            self.status = worst(self.status, Status.NOTHING)

    def refuse(self, message: str) -> None:
        """Says what cannot be read; the other inputs are still done."""
        say(message)
        self.status = worst(self.status, Status.USAGE)

    def _stdin(self) -> Iterator[Input]:
        try:
            data = _read_stdin()
        except (OSError, ValueError) as error:  # ValueError: a stream that was closed
            self.refuse(f"cannot read standard input: {getattr(error, 'strerror', None) or error}")
            return
        yield self._input(data, display(self.stdin_filename) if self.stdin_filename else "<stdin>", None)

    def _file(self, name: str) -> Iterator[Input]:
        try:
            real = os.path.realpath(name)
            if real in self._seen:
                return
            self._seen.add(real)
            data = Path(name).read_bytes()
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            self.refuse(f"cannot read {display(name)}: {getattr(error, 'strerror', None) or error}")
            return
        yield self._input(data, display(name), Path(name))

    def _input(self, data: bytes, name: str, path: Path | None) -> Input:
        self.count += 1
        text, finding = decode(data)
        return Input(Source(text, name), path, data, finding)

    def _walk(self, folder: str) -> list[str]:
        """The workflow files below a folder, sorted; hidden folders and links to folders are not entered."""
        found: list[str] = []

        def denied(error: OSError) -> None:
            self.refuse(f"cannot read {display(str(error.filename))}: {error.strerror}")

        for where, folders, files in os.walk(folder, onerror=denied):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            found.extend(os.path.join(where, name) for name in files if name.endswith(SUFFIX))
        return sorted(found, key=lambda path: path.split(os.sep))


def display(path: str) -> str:
    """A path as reports write it: relative to the current folder when it is below it, forward slashes."""
    try:
        here = os.getcwd()
    except OSError:  # the folder was removed
        return Path(path).as_posix()
    whole = os.path.abspath(path)
    if os.path.isabs(path) and not whole.startswith(here.rstrip(os.sep) + os.sep):
        return Path(whole).as_posix()
    return Path(os.path.relpath(whole, here)).as_posix()


def _read_stdin() -> bytes:
    if sys.stdin is None:
        raise OSError("it is closed")
    buffer = getattr(sys.stdin, "buffer", None)
    data = buffer.read() if buffer is not None else sys.stdin.read().encode("utf-8", "surrogateescape")
    assert isinstance(data, bytes)
    return data
