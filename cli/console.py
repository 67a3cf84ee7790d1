"""Standard output and standard error: UTF-8 and LF in every locale, colour for terminals only."""

import contextlib
import io
import os
import sys
from typing import TextIO


def use_utf8() -> None:
    """Makes the output the same in every locale; text that is no Unicode is written as escapes."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def write(text: str) -> None:
    """Writes a result."""
    if sys.stdout is None:
        raise OSError("standard output is closed")
    raw = getattr(sys.stdout, "buffer", None)
    if isinstance(raw, io.RawIOBase):  # PYTHONUNBUFFERED: the stream forgets what a short write leaves over
        _write_all(raw, text.encode("utf-8", "backslashreplace"))
    else:
        sys.stdout.write(text)


def _write_all(raw: io.RawIOBase, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[raw.write(rest) or 0 :]


def say(message: str) -> None:
    """A line for the person, beside the result; without a standard error it is lost."""
    show(f"dfsql: {message}\n")


def show(text: str) -> None:
    """Writes a report beside the result."""
    flush()  # keeps the order where both go to one place
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()


def flush() -> None:
    """Writes what is held back of the result."""
    if sys.stdout is not None:
        sys.stdout.flush()


def wants_color(stream: TextIO | None) -> bool:
    """Whether to colour: NO_COLOR says no, FORCE_COLOR yes, else terminals get colours."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") != "0":
        return True
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def trouble(error: OSError) -> int:
    """The status when the result cannot be written: its reader has gone, or the disk is full."""
    # What is held back goes nowhere, so that the interpreter does not complain about it at its end.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    if isinstance(error, BrokenPipeError):
        return 141
    say(f"cannot write {error.filename or 'the output'}: {error.strerror or error}")
    return 2
